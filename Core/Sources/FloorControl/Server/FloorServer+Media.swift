public import MCFoundation
import OrderedCollections

extension FloorServer {
    /// The gate: an RTP packet of this participant arrived. True: forward it. For the holder nothing is allocated.
    /// Where the answer is false, `pendingActions` may have something to send.
    public mutating func mediaReceived(from key: ParticipantKey, at instant: Instant) -> Bool {
        switch floor {
        case .taken(var talk) where talk.holder == key:
            talk.endOfMedia = instant + settings.timers.endOfMedia
            if talk.stopTalking == nil {
                talk.stopTalking = instant + settings.timers.stopTalking
                talk.grant = nil
            }
            floor = .taken(talk)
            return true
        case .pendingRevoke(var talk, let revocation) where talk.holder == key:
            // The grace of T3: a word may be finished.
            guard revocation.grace > instant else { return false }
            talk.endOfMedia = instant + settings.timers.endOfMedia
            floor = .pendingRevoke(talk, revocation)
            return true
        case .idle, .taken, .pendingRevoke:
            noteOffence(of: key, at: instant)
            return false
        case .startStop, .releasing:
            return false
        }
    }

    /// What `mediaReceived` wants done since the last call. `nextDeadline` may have become earlier where this is not
    /// empty.
    public mutating func takePendingActions() -> [FloorServerAction] {
        guard !pendingActions.isEmpty else { return [] }
        defer { pendingActions.removeAll(keepingCapacity: true) }
        return pendingActions
    }

    /// TS 24.380 6.3.5.3.6 and 6.3.5.4.8.
    private mutating func noteOffence(of key: ParticipantKey, at instant: Instant) {
        guard let index = participants.index(forKey: key) else { return }
        if participants.values[index].offence != nil {
            participants.values[index].offence?.goesOn = true
            return
        }
        // NOTSPEC: floor messages and RTP take different sockets, so the last packets of a talk may arrive behind its
        // Floor Release; answering each end of a talk with a Floor Revoke would help nobody.
        if let until = participants.values[index].lateMediaUntil {
            guard until <= instant else { return }
            participants.values[index].lateMediaUntil = nil
        }
        let repetition = Repetition(deadline: instant + settings.timers.floorRevoke)
        participants.values[index].offence = Offence(repetition: repetition)
        offenders.append(key)
        pendingActions.append(.send(revokeMessage(.noPermission, to: key), to: key))
    }
}
