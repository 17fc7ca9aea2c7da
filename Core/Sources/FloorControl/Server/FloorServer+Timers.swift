import MCFoundation
import OrderedCollections

extension FloorServer {
    mutating func expireTimers(at now: Instant, _ actions: inout [FloorServerAction]) {
        switch floor {
        case .startStop, .releasing:
            break
        case .idle(let idle):
            expireIdle(idle, at: now, &actions)
        case .taken(let talk):
            expireTaken(talk, at: now, &actions)
        case .pendingRevoke(let talk, let revocation):
            expireRevocation(talk, revocation, at: now, &actions)
        }
        for key in offenders {
            expireOffence(of: key, at: now, &actions)
        }
    }

    /// T7 and T4.
    private mutating func expireIdle(_ idle: Idle, at now: Instant, _ actions: inout [FloorServerAction]) {
        var idle = idle
        if let repetition = idle.repetition, repetition.deadline <= now {
            let count = repetition.count + 1
            idle.repetition =
                count < settings.timers.floorIdleLimit
                ? Repetition(deadline: now + settings.timers.floorIdle, count: count) : nil
            sendIdleToAll(&actions)
        }
        if let inactivity = idle.inactivity, inactivity <= now {
            idle.inactivity = settings.timers.inactivity.map { now + $0 }
            actions.append(.inactive)
        }
        floor = .idle(idle)
    }

    /// T1, T2 and T20.
    private mutating func expireTaken(_ talk: Talk, at now: Instant, _ actions: inout [FloorServerAction]) {
        if talk.endOfMedia <= now {
            enterIdle(at: now, &actions)
            return
        }
        if let stopTalking = talk.stopTalking, stopTalking <= now {
            revoke(.mediaBurstTooLong, at: now, &actions)
            return
        }
        var talk = talk
        if talk.stopTalking == nil, talk.earliestStopTalking <= now {
            talk.earliestStopTalking = now + settings.timers.stopTalking
        }
        if let grant = talk.grant, grant.deadline <= now {
            let count = grant.count + 1
            talk.grant =
                count < settings.timers.floorGrantedLimit
                ? Repetition(deadline: now + settings.timers.floorGranted, count: count) : nil
            actions.append(.send(grantedMessage(settings.asksForAcknowledgement, at: now), to: talk.holder))
        }
        floor = .taken(talk)
    }

    /// T1, T3 and T8 of the talker who is being revoked.
    private mutating func expireRevocation(
        _ talk: Talk, _ revocation: Revocation, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        if talk.endOfMedia <= now || revocation.grace <= now {
            enterIdle(at: now, &actions)
            return
        }
        guard let repetition = revocation.repetition, repetition.deadline <= now else { return }
        var revocation = revocation
        let count = repetition.count + 1
        revocation.repetition =
            count < settings.timers.floorRevokeLimit
            ? Repetition(deadline: now + settings.timers.floorRevoke, count: count) : nil
        floor = .pendingRevoke(talk, revocation)
        actions.append(.send(revokeMessage(revocation.cause, to: talk.holder), to: talk.holder))
    }

    /// T8 in 'U: not permitted but sends media'.
    private mutating func expireOffence(of key: ParticipantKey, at now: Instant, _ actions: inout [FloorServerAction]) {
        guard var offence = participants[key]?.offence, offence.repetition.deadline <= now else { return }
        guard offence.goesOn else {
            // NOTSPEC: who fell silent heeded the Floor Revoke, though its Floor Release was lost.
            pardon(key)
            return
        }
        guard offence.repetition.count < settings.timers.floorRevokeLimit else {
            pardon(key)
            actions.append(.misbehaves(key))
            return
        }
        offence.goesOn = false
        offence.repetition = Repetition(
            deadline: now + settings.timers.floorRevoke, count: offence.repetition.count + 1)
        participants[key]?.offence = offence
        actions.append(.send(revokeMessage(.noPermission, to: key), to: key))
    }
}
