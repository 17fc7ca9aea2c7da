import NIOCore

/// The deadlines of one connection, as a value: what is due is decided here, the handler carries it out.
struct StreamClock {
    enum Due {
        case nothing, ping, handshakeTooLong, messageTooLong, idle, stalled, dead
    }

    private let timeouts: TransportTimeouts
    private let isAccepted: Bool
    private var handshakeBy: NIODeadline?
    private var firstFrameBy: NIODeadline?
    private var messageBy: NIODeadline?
    private var lastReceived: NIODeadline?
    /// What the peer promised instead of the idle time.
    private var silence: TimeAmount?
    private var keepAlive: TimeAmount?
    private var pingAt: NIODeadline?
    private var pongBy: NIODeadline?

    init(timeouts: TransportTimeouts, isAccepted: Bool) {
        self.timeouts = timeouts
        self.isAccepted = isAccepted
    }

    mutating func opened(at now: NIODeadline, handshakes: Bool) {
        if handshakes { handshakeBy = now + timeouts.handshake.amount }
        if isAccepted { firstFrameBy = now + timeouts.firstMessage.amount }
        lastReceived = now
    }

    mutating func handshakeDone() { handshakeBy = nil }

    mutating func received(at now: NIODeadline) {
        lastReceived = now
        // RFC 5626 4.4.1: whatever arrives shows that the flow lives.
        pongBy = nil
    }

    mutating func framed() {
        firstFrameBy = nil
        messageBy = nil
    }

    mutating func ponged() { pongBy = nil }

    /// After all whole frames were taken: the time of a message runs from its first octet and is not prolonged by later ones.
    mutating func rests(isPartial: Bool, at now: NIODeadline) {
        if !isPartial {
            messageBy = nil
        } else if messageBy == nil {
            messageBy = now + timeouts.message.amount
        }
    }

    mutating func setKeepAlive(_ interval: Duration?, at now: NIODeadline) {
        keepAlive = interval?.amount
        pingAt = keepAlive.map { now + $0 }
        pongBy = nil
    }

    mutating func expectKeepAlive(_ silence: Duration?) { self.silence = silence?.amount }

    private var idleAt: NIODeadline? {
        isAccepted ? lastReceived.map { $0 + (silence ?? timeouts.idle.amount) } : nil
    }

    func deadline(stalledSince: NIODeadline?) -> NIODeadline? {
        [
            handshakeBy, firstFrameBy, messageBy, idleAt, pingAt, pongBy,
            stalledSince.map { $0 + timeouts.writeStall.amount },
        ].compactMap { $0 }.min()
    }

    /// While reading is paused by us, silence is not the peer's fault.
    mutating func advance(to now: NIODeadline, stalledSince: NIODeadline?, isPaused: Bool) -> Due {
        func isDue(_ deadline: NIODeadline?) -> Bool { deadline.map { $0 <= now } ?? false }
        if isDue(handshakeBy) { return .handshakeTooLong }
        if isDue(stalledSince.map { $0 + timeouts.writeStall.amount }) { return .stalled }
        if isPaused {
            if isDue(messageBy) { messageBy = now + timeouts.message.amount }
            if isDue(firstFrameBy) { firstFrameBy = now + timeouts.message.amount }
            if isDue(pongBy) { pongBy = now + timeouts.pong.amount }
            if isDue(idleAt) { lastReceived = now }
        } else {
            if isDue(firstFrameBy) || isDue(messageBy) { return .messageTooLong }
            if isDue(pongBy) { return .dead }
            if isDue(idleAt) { return .idle }
        }
        if isDue(pingAt), let keepAlive {
            pingAt = now + keepAlive
            if pongBy == nil { pongBy = now + timeouts.pong.amount }
            return .ping
        }
        return .nothing
    }
}
