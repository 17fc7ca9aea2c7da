import MCFoundation

extension FloorParticipant {
    mutating func expireTimers(at now: Instant) -> [FloorParticipantAction] {
        var actions: [FloorParticipantAction] = []
        if let deadline = endOfMedia, deadline <= now {
            endOfMedia = nil
            announced = nil
            actions.append(.notify(.mediaEnded))
        }
        switch state {
        case .pendingRequest(let repetition) where repetition.deadline <= now:
            actions += expireRequest(repetition, at: now)
        case .pendingRelease(let repetition, let isPressed) where repetition.deadline <= now:
            actions += expireRelease(repetition, isPressed: isPressed, at: now)
        case .queued(let waiting):
            actions += expireWaiting(waiting, at: now)
        case .pendingRequest, .pendingRelease, .startStop, .hasNoPermission, .hasPermission, .releasing:
            break
        }
        return actions
    }

    /// T101 (TS 24.380 6.2.4.4.6).
    private mutating func expireRequest(_ repetition: Repetition, at now: Instant) -> [FloorParticipantAction] {
        guard repetition.count < settings.timers.floorRequestLimit else {
            state = .hasNoPermission
            return [.notify(.requestUnanswered)]
        }
        state = .pendingRequest(
            Repetition(deadline: now + settings.timers.floorRequest, count: repetition.count + 1))
        return [.send(request())]
    }

    /// T100 (TS 24.380 6.2.4.6.3).
    private mutating func expireRelease(
        _ repetition: Repetition, isPressed: Bool, at now: Instant
    ) -> [FloorParticipantAction] {
        guard repetition.count < settings.timers.floorReleaseLimit else {
            if settings.isBroadcastInitiator {
                state = .releasing
                return [.endCall]
            }
            return endRelease(isPressed: isPressed, at: now)
        }
        state = .pendingRelease(
            Repetition(deadline: now + settings.timers.floorRelease, count: repetition.count + 1),
            isPressed: isPressed)
        return [.send(floorRelease())]
    }

    /// T132 and T104.
    private mutating func expireWaiting(_ waiting: Waiting, at now: Instant) -> [FloorParticipantAction] {
        if let offer = waiting.offer, offer.deadline <= now {
            return beginRelease(at: now)
        }
        guard let repetition = waiting.positionRequest, repetition.deadline <= now else { return [] }
        guard repetition.count < settings.timers.queuePositionRequestLimit else {
            state = .queued(Waiting(positionRequest: nil, offer: waiting.offer))
            return [.notify(.queuePositionUnanswered)]
        }
        let next = Repetition(deadline: now + settings.timers.queuePositionRequest, count: repetition.count + 1)
        state = .queued(Waiting(positionRequest: next, offer: waiting.offer))
        return [.send(queuePositionRequest())]
    }
}
