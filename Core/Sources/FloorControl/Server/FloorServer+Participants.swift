import MCFoundation
import OrderedCollections

/// The machine per participant (TS 24.380 6.3.5).
extension FloorServer {
    mutating func receive(
        _ message: FloorMessage, from key: ParticipantKey, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        guard participants[key] != nil else { return }
        if let trackInfo = message.trackInfo {
            participants[key]?.trackInfo = trackInfo
        }
        switch message.kind {
        case .request:
            receiveRequest(message, from: key, at: now, &actions)
        case .release:
            if message.acknowledgementRequested {
                actions.append(.send(acknowledgement(of: message, to: key), to: key))
            }
            receiveRelease(from: key, at: now, &actions)
        case .queuePositionRequest:
            actions.append(.send(queuePositionMessage(to: key), to: key))
        case .ack:
            // The grant arrived, so T20 has nothing left to do.
            guard message.messageType == FloorMessageKind.granted.rawValue, case .taken(var talk) = floor,
                talk.holder == key
            else { return }
            talk.grant = nil
            floor = .taken(talk)
        case .unicastMediaFlowControl, .queuedFloorRequests:
            // What they ask for is not served yet; that they arrived is said where it is asked.
            if message.acknowledgementRequested {
                actions.append(.send(acknowledgement(of: message, to: key), to: key))
            }
        case .granted, .taken, .deny, .idle, .revoke, .revokeRequest, .queuePositionInfo, .releaseMultiTalker:
            return
        }
    }

    /// `message` is nil for a request that joining implies.
    mutating func receiveRequest(
        _ message: FloorMessage?, from key: ParticipantKey, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        guard let participant = participants[key] else { return }
        if holder == key {
            // In 'G: Floor Taken' the grant was lost; while it is revoked a holder cannot ask anew.
            if case .taken = floor { actions.append(.send(grantedMessage(false, at: now), to: key)) }
            return
        }
        if let cause = refusal(of: participant, key, at: now) {
            actions.append(.send(denyMessage(cause, to: key), to: key))
            return
        }
        let priority = effectivePriority(message?.priority, of: participant.description)
        switch floor {
        case .idle:
            grant(key, priority: priority, isAwaited: message != nil, at: now, &actions)
        case .taken, .pendingRevoke:
            let entry = FloorQueue.Entry(key: key, tier: participant.description.tier, priority: priority)
            contend(entry, at: now, &actions)
        case .startStop, .releasing:
            return
        }
    }

    /// Refusals that do not depend on who talks come first.
    private func refusal(of participant: Participant, _ key: ParticipantKey, at now: Instant) -> FloorDenyCause? {
        if let initiator = settings.broadcastInitiator, initiator != key { return .receiveOnly }
        if participant.description.isReceiveOnly { return .receiveOnly }
        guard case .idle = floor else { return nil }
        if participants.count == 1 { return .onlyOneParticipant }
        if let retryAfter = participant.retryAfter, retryAfter > now { return .retryAfterTimerNotExpired }
        return nil
    }

    /// A request while another one holds the floor (6.3.5.4.4).
    private mutating func contend(_ entry: FloorQueue.Entry, at now: Instant, _ actions: inout [FloorServerAction]) {
        let key = entry.key
        if settings.isAudioCutIn {
            queue.remove(key)
            queue.insertFirst(entry)
            revoke(.preempted, at: now, &actions)
            return
        }
        if preempts(entry) {
            queue.remove(key)
            queue.insert(entry)
            while queue.count > max(settings.queueDepth, 1), let last = queue.removeLast() {
                actions.append(.send(denyMessage(.queueFull, to: last.key), to: last.key))
            }
            if queues(key), queue.position(of: key) != nil {
                actions.append(.send(queuePositionMessage(to: key), to: key))
            }
            revoke(.preempted, at: now, &actions)
        } else if queue.position(of: key) != nil {
            actions.append(.send(queuePositionMessage(to: key), to: key))
        } else if !queues(key) {
            actions.append(.send(denyMessage(.anotherClientHasPermission, to: key), to: key))
        } else if queue.count >= settings.queueDepth {
            actions.append(.send(denyMessage(.queueFull, to: key), to: key))
        } else {
            queue.insert(entry)
            actions.append(.send(queuePositionMessage(to: key), to: key))
        }
    }

    private mutating func receiveRelease(
        from key: ParticipantKey, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        if holder == key {
            enterIdle(at: now, &actions)
            return
        }
        queue.remove(key)
        pardon(key)
        participants[key]?.lateMediaUntil = now + settings.timers.lateMedia
        switch floor {
        case .idle:
            actions.append(.send(idleMessage(to: key), to: key))
        case .taken, .pendingRevoke:
            actions.append(.send(takenMessage(to: key), to: key))
        case .startStop, .releasing:
            return
        }
    }

    /// Ends 'U: not permitted but sends media'.
    mutating func pardon(_ key: ParticipantKey) {
        guard participants[key]?.offence != nil else { return }
        participants[key]?.offence = nil
        offenders.removeAll { $0 == key }
    }
}
