import MCFoundation
import OrderedCollections

/// The general state machine (TS 24.380 6.3.4).
extension FloorServer {
    /// 'G: Floor Idle' entered (6.3.4.3.2): who waits is granted at once, with no Floor Idle in between.
    mutating func enterIdle(at now: Instant, _ actions: inout [FloorServerAction]) {
        let previous = talk
        if let previous {
            participants[previous.holder]?.lateMediaUntil = now + settings.timers.lateMedia
        }
        if let next = queue.removeFirst() {
            grant(next.key, entry: next, isAwaited: false, isFromQueue: true, at: now, &actions)
            return
        }
        if previous != nil { actions.append(.talkerChanged(nil, ssrc: nil)) }
        floor = .idle(
            Idle(
                repetition: settings.timers.floorIdleLimit > 1
                    ? Repetition(deadline: now + settings.timers.floorIdle) : nil,
                inactivity: settings.timers.inactivity.map { now + $0 }))
        sendIdleToAll(&actions)
    }

    /// 'G: Floor Taken' entered (6.3.4.4.2). `isAwaited`: the participant asked with Floor Request just now.
    mutating func grant(
        _ key: ParticipantKey, entry: FloorQueue.Entry? = nil, priority: UInt8? = nil, isAwaited: Bool,
        isFromQueue: Bool = false, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        guard let participant = participants[key] else {
            preconditionFailure("the floor is granted to a participant of the call")
        }
        queue.remove(key)
        participants[key]?.retryAfter = nil
        participants[key]?.lateMediaUntil = nil
        pardon(key)
        let timers = settings.timers
        floor = .taken(
            Talk(
                holder: key, tier: participant.description.tier,
                priority: entry?.priority ?? priority ?? effectivePriority(nil, of: participant.description),
                endOfMedia: now + timers.endOfMedia, stopTalking: nil,
                earliestStopTalking: now + timers.stopTalking,
                grant: isFromQueue && timers.floorGrantedLimit > 1
                    ? Repetition(deadline: now + timers.floorGranted) : nil))
        actions.append(.talkerChanged(key, ssrc: participant.description.audioSSRC))
        let asksForAcknowledgement = settings.asksForAcknowledgement && !isAwaited
        actions.append(.send(grantedMessage(asksForAcknowledgement, at: now), to: key))
        sendTakenToOthers(&actions)
        denyThoseWhoCannotWait(&actions)
    }

    /// A request without queueing may stand in the queue only while the talker that it pre-empts is being revoked.
    private mutating func denyThoseWhoCannotWait(_ actions: inout [FloorServerAction]) {
        for entry in queue.entries where !queues(entry.key) {
            queue.remove(entry.key)
            actions.append(.send(denyMessage(.anotherClientHasPermission, to: entry.key), to: entry.key))
        }
    }

    /// 'G: pending Floor Revoke' entered (6.3.4.5.2). With audio cut-in there is no grace.
    mutating func revoke(_ cause: FloorRevokeCause, at now: Instant, _ actions: inout [FloorServerAction]) {
        guard case .taken(let talk) = floor else { return }
        let timers = settings.timers
        floor = .pendingRevoke(
            talk,
            Revocation(
                cause: cause, grace: now + timers.stopTalkingGrace,
                repetition: timers.floorRevokeLimit > 1 ? Repetition(deadline: now + timers.floorRevoke) : nil))
        actions.append(.send(revokeMessage(cause, to: talk.holder), to: talk.holder))
        if cause == .mediaBurstTooLong, let retryAfter = timers.retryAfter {
            participants[talk.holder]?.retryAfter = now + retryAfter
        }
        if settings.isAudioCutIn {
            enterIdle(at: now, &actions)
        }
    }

    /// True where the request takes the floor from the talker: tier first, then priority.
    func preempts(_ entry: FloorQueue.Entry) -> Bool {
        guard let talk, talk.holder != entry.key else { return false }
        if entry.tier != talk.tier { return entry.tier > talk.tier }
        return entry.priority > talk.priority && entry.priority >= settings.preemptionThreshold
    }

    func queues(_ key: ParticipantKey) -> Bool {
        settings.isQueueing && settings.queueDepth > 0 && participants[key]?.description.isQueueing ?? false
    }

    /// TS 24.380 4.1.1.4: what the request asks for counts as far as was negotiated.
    func effectivePriority(_ requested: UInt8?, of description: FloorParticipantDescription) -> UInt8 {
        min(requested ?? description.defaultPriority, description.maxPriority, settings.highestPriority)
    }
}
