import MCFoundation

extension FloorParticipant {
    mutating func receive(_ message: FloorMessage, at now: Instant) -> [FloorParticipantAction] {
        guard state != .startStop, state != .releasing else { return [] }
        // TS 24.380 6.2.4.1: the acknowledgement goes out before anything else happens, and also for a repetition.
        let acknowledgement = acknowledgement(of: message).map { [FloorParticipantAction.send($0)] } ?? []
        return acknowledgement + act(on: message, at: now)
    }

    private mutating func act(on message: FloorMessage, at now: Instant) -> [FloorParticipantAction] {
        switch message.kind {
        case .granted:
            return receiveGranted(message, at: now)
        case .deny:
            return receiveDeny(message)
        case .queuePositionInfo:
            return receiveQueuePosition(message)
        case .revoke:
            return receiveRevoke(message, at: now)
        case .taken:
            let isRepeated = isRepetition(message)
            guard isCurrent(message) else { return [] }
            return receiveTaken(message, isRepeated: isRepeated, at: now)
        case .idle:
            guard isCurrent(message) else { return [] }
            return receiveIdle(message, at: now)
        case .request, .release, .revokeRequest, .queuePositionRequest, .ack, .unicastMediaFlowControl,
            .queuedFloorRequests, .releaseMultiTalker:
            return []
        }
    }

    private func acknowledgement(of message: FloorMessage) -> FloorMessage? {
        guard message.acknowledgementRequested else { return nil }
        var answer = FloorMessage(.ack, ssrc: settings.ssrc)
        answer.source = .floorParticipant
        answer.messageType = message.kind.rawValue
        answer.trackInfo = message.trackInfo
        return answer
    }

    private mutating func receiveGranted(_ message: FloorMessage, at now: Instant) -> [FloorParticipantAction] {
        let isDual = message.indicator?.contains(.dualFloor) ?? false
        switch state {
        case .pendingRequest:
            dualFloorRole = isDual ? .overriding : nil
            return beginTalk(audioSSRC: message.audioSSRC, duration: message.duration)
        case .queued(var waiting):
            if settings.acceptsQueuedGrants {
                dualFloorRole = isDual ? .overriding : nil
                return beginTalk(audioSSRC: message.audioSSRC, duration: message.duration)
            }
            // The server repeats the grant (T20) while the user is asked: T132 runs from the first one.
            guard waiting.offer == nil else { return [] }
            waiting.positionRequest = nil
            waiting.offer = .init(
                deadline: now + settings.timers.queuedGrant, audioSSRC: message.audioSSRC, duration: message.duration)
            state = .queued(waiting)
            return [.notify(.grantOffered)]
        case .hasPermission:
            // Where the floor came with the SDP answer, the SSRC comes only now.
            return message.audioSSRC.map { [.startMedia(audioSSRC: $0)] } ?? []
        case .startStop, .hasNoPermission, .pendingRelease, .releasing:
            return []
        }
    }

    private mutating func receiveDeny(_ message: FloorMessage) -> [FloorParticipantAction] {
        switch state {
        case .pendingRequest, .queued:
            state = .hasNoPermission
            return [.notify(.denied(message.rejectCause))]
        case .startStop, .hasNoPermission, .hasPermission, .pendingRelease, .releasing:
            return []
        }
    }

    private mutating func receiveQueuePosition(_ message: FloorMessage) -> [FloorParticipantAction] {
        switch state {
        case .pendingRequest:
            state = .queued(Waiting())
        case .queued(var waiting):
            waiting.positionRequest = nil
            state = .queued(waiting)
        case .startStop, .hasNoPermission, .hasPermission, .pendingRelease, .releasing:
            return []
        }
        return [.notify(.queued(message.queueInfo))]
    }

    private mutating func receiveRevoke(_ message: FloorMessage, at now: Instant) -> [FloorParticipantAction] {
        switch state {
        case .hasPermission:
            return [.stopMedia, .notify(.revoked(message.rejectCause))]
                + beginRelease(indicator: message.indicator, at: now)
        case .pendingRequest:
            endOfMedia = nil
            return [.notify(.revoked(message.rejectCause))] + beginRelease(at: now)
        case .hasNoPermission:
            // NOTSPEC: packets that were on the way at our release look to the server like media without permission;
            // Floor Release tells it that they have ended, and stops its T8.
            return [.send(floorRelease())]
        case .startStop, .pendingRelease, .queued, .releasing:
            return []
        }
    }

    private mutating func receiveTaken(
        _ message: FloorMessage, isRepeated: Bool, at now: Instant
    ) -> [FloorParticipantAction] {
        let isDual = message.indicator?.contains(.dualFloor) ?? false
        let talker = FloorTalker(
            mcpttID: message.grantedParty, functionalAlias: message.functionalAlias, audioSSRC: message.audioSSRC,
            mayRequest: message.permissionToRequest ?? true, isOverriding: isDual)
        let isKnown = isRepeated && talker == announced
        announced = talker
        switch state {
        case .hasNoPermission, .pendingRequest, .queued:
            endOfMedia = now + settings.timers.endOfMedia
            return isKnown ? [] : [.notify(.talker(talker))]
        case .pendingRelease(_, let isPressed):
            endOfMedia = now + settings.timers.endOfMedia
            return [.notify(.talker(talker))] + endRelease(isPressed: isPressed, at: now)
        case .hasPermission:
            // Overridden: both talk (TS 24.380 6.2.4.5.7). Without the bit it is a message from before our grant.
            guard isDual else { return [] }
            dualFloorRole = .overridden
            return [.notify(.talker(talker))]
        case .startStop, .releasing:
            return []
        }
    }

    private mutating func receiveIdle(_ message: FloorMessage, at now: Instant) -> [FloorParticipantAction] {
        switch state {
        case .hasNoPermission:
            endOfMedia = nil
            return [.notify(.idle)]
        case .queued:
            // The server falls idle only when nobody waits, so our place in the queue is lost.
            state = .hasNoPermission
            endOfMedia = nil
            return [.notify(.idle)]
        case .pendingRelease(_, let isPressed):
            endOfMedia = nil
            if settings.isBroadcastInitiator {
                state = .releasing
                return [.notify(.idle), .endCall]
            }
            return [.notify(.idle)] + endRelease(isPressed: isPressed, at: now)
        case .hasPermission:
            // The other one of two talkers has ended; this one goes on.
            if message.indicator?.contains(.dualFloor) ?? false { dualFloorRole = nil }
            return []
        case .pendingRequest, .startStop, .releasing:
            return []
        }
    }

    mutating func noteMedia(at now: Instant) -> [FloorParticipantAction] {
        switch state {
        case .hasNoPermission, .pendingRequest, .queued:
            endOfMedia = now + settings.timers.endOfMedia
            return []
        case .pendingRelease(_, let isPressed):
            endOfMedia = now + settings.timers.endOfMedia
            return endRelease(isPressed: isPressed, at: now)
        case .hasPermission, .startStop, .releasing:
            return []
        }
    }
}
