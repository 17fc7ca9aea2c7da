import MCFoundation

/// What a gateway knows of the floor of a call whose floor control server is the partner's: whose stream may come in.
/// It follows from the floor messages that pass, so a partner cannot send speech that its own floor control does not
/// stand for. An object, so that the packet path changes it in place.
final class BorderFloor {
    private let limits: MediaLimits
    /// SSRCs of those who hold the floor; several with dual floor and multi-talker.
    private var holders: [UInt32] = []
    /// Floor Taken named no SSRC: the first stream that comes is the talker's.
    private var isHolderUnnamed = false
    /// Whose last packets may still be on the way.
    private var former: [UInt32] = []
    private var formerUntil = Instant.zero
    /// Of the last Floor Taken or Floor Idle; an older one was overtaken.
    private var sequenceNumber: UInt16?
    private var overtaking = OvertakingWindow()
    /// False while no leg of the trunk has floor control: nothing tells who talks then.
    var isTold = true

    init(limits: MediaLimits) {
        self.limits = limits
    }

    /// Floor Taken, or Floor Granted to one of our clients. True where a talk began, as far as can be told.
    func taken(by ssrcs: [UInt32], adds: Bool, sequenceNumber number: UInt16?, at now: Instant) -> Bool {
        guard let isNew = note(number) else { return false }
        var next = adds ? holders : []
        for ssrc in ssrcs where !next.contains(ssrc) && next.count < limits.talkersPerTrunk { next.append(ssrc) }
        let isUnnamed = next.isEmpty
        if next == holders, isUnnamed == isHolderUnnamed { return isNew }
        replaceHolders(by: next, at: now)
        isHolderUnnamed = isUnnamed
        return true
    }

    /// Floor Idle. True where a talk ended.
    func idle(sequenceNumber number: UInt16?, at now: Instant) -> Bool {
        guard note(number) != nil, !holders.isEmpty || isHolderUnnamed else { return false }
        replaceHolders(by: [], at: now)
        isHolderUnnamed = false
        return true
    }

    /// Floor Release Multi Talker: one of several ended.
    func ended(_ ssrc: UInt32, at now: Instant) {
        guard holders.contains(ssrc) else { return }
        replaceHolders(by: holders.filter { $0 != ssrc }, at: now)
    }

    private func replaceHolders(by next: [UInt32], at now: Instant) {
        former = holders.filter { !next.contains($0) }
        formerUntil = now + limits.overtakingTime
        holders = next
        overtaking = OvertakingWindow()
    }

    /// Nil for a message that a later one overtook; true for a later one than before.
    private func note(_ number: UInt16?) -> Bool? {
        guard let number else { return false }
        guard let last = sequenceNumber else {
            sequenceNumber = number
            return true
        }
        let step = Int16(bitPattern: number &- last)
        guard step >= 0 else { return nil }
        sequenceNumber = number
        return step > 0
    }

    /// The floor is this stream's, or was just now.
    func holds(_ ssrc: UInt32, at now: Instant) -> Bool {
        !isTold || holders.contains(ssrc) || (now < formerUntil && former.contains(ssrc))
    }

    /// Whether one more packet of a stream that does not hold the floor may pass, because it may have overtaken the
    /// Floor Taken that announces it.
    func mayOvertake(_ ssrc: UInt32, at now: Instant) -> Bool {
        (isHolderUnnamed && holders.isEmpty) || overtaking.isOpen(for: ssrc, at: now, limits)
    }

    /// A packet passed that was let through by `mayOvertake`.
    func noteOvertaking(_ ssrc: UInt32, at now: Instant) {
        if isHolderUnnamed, holders.isEmpty {
            holders = [ssrc]
        } else {
            overtaking.note(ssrc, at: now)
        }
    }
}

/// Speech and floor control take different sockets, so the first packets of a talk may arrive before the message that
/// says whose it is. A few of one stream pass; then nothing does until the floor changes.
struct OvertakingWindow {
    private var first: (ssrc: UInt32, at: Instant)?
    private var packets = 0

    func isOpen(for ssrc: UInt32, at now: Instant, _ limits: MediaLimits) -> Bool {
        guard let first else { return limits.overtakingPackets > 0 }
        return first.ssrc == ssrc && packets < limits.overtakingPackets && now - first.at < limits.overtakingTime
    }

    mutating func note(_ ssrc: UInt32, at now: Instant) {
        if first == nil { first = (ssrc, now) }
        packets += 1
    }
}

/// Whether a client behind our gateway may send across the border, as the partner's floor messages to it say.
final class BorderTalk {
    private enum State {
        /// No floor message came yet: the floor may have been granted with the answer to the INVITE, and the Floor
        /// Granted beside it may be lost or have come before this leg. The partner's own gate decides alone.
        case untold
        case granted(at: Instant)
        /// The floor was taken away or given back; the partner decides how long it still forwards.
        case ending(Instant)
        /// When the last packet without permission passed.
        case none(Instant?)
    }
    private let limits: MediaLimits
    private var state = State.untold

    init(limits: MediaLimits) {
        self.limits = limits
    }

    var isGranted: Bool { if case .granted = state { true } else { false } }

    func granted(at now: Instant) {
        state = .granted(at: now)
    }

    /// Floor Revoke to the client, or Floor Release of it.
    func ending(at now: Instant) {
        switch state {
        case .granted: state = .ending(now + limits.borderGrace)
        case .untold, .ending, .none: break
        }
    }

    /// Floor Deny or a place in the queue.
    func refused() {
        if case .untold = state { state = .none(nil) }
    }

    /// Floor Idle, or Floor Taken of another. Floor Granted has no number: what follows it at once may be older than it
    /// and was overtaken on the way.
    func ended(at now: Instant) {
        switch state {
        case .untold: state = .none(nil)
        case .granted(let since):
            guard now - since > limits.overtakingTime else { return }
            state = .ending(now + limits.overtakingTime)
        case .ending(let until): state = .ending(min(until, now + limits.overtakingTime))
        case .none: break
        }
    }

    /// One packet of the client. NOTSPEC: of what has no permission one a second passes, so that the partner's floor
    /// control sees it and says so with Floor Revoke (TS 24.380 6.3.5.4.8).
    func admits(at now: Instant) -> Bool {
        switch state {
        case .untold, .granted: return true
        case .ending(let until):
            if now < until { return true }
            state = .none(now)
            return false
        case .none(let last):
            if let last, now - last < .seconds(1) { return false }
            state = .none(now)
            return true
        }
    }
}
