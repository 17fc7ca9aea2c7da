public import MCFoundation

/// The client's keep-alive of a connection (RFC 5626 4.4.1): double CRLF out, CRLF back within ten seconds.
public struct OutboundKeepAlive: Sendable {
    public enum Event: Hashable, Sendable {
        case flowOpened
        /// Flow-Timer of the answer to REGISTER.
        case flowTimerReceived(seconds: UInt32)
        /// A single CRLF arrived.
        case pongReceived
        case flowClosed
        case timeAdvanced
    }

    public enum Action: Hashable, Sendable {
        /// CRLF CRLF.
        case ping
        /// No pong: the flow is dead, whatever the connection says.
        case flowFailed
    }

    private enum State: Hashable, Sendable {
        case closed
        /// To awaitingPong, closed.
        case idle(next: Instant)
        /// To idle, closed.
        case awaitingPong(until: Instant)
    }

    /// RFC 5626 4.4.1: without Flow-Timer, 95 to 120 s.
    public static let defaultSeconds: UInt32 = 120
    public static let pongTimeout: Duration = .seconds(10)

    private var random: SeededGenerator
    private var seconds: UInt32?
    private var state = State.closed

    public init(random: SeededGenerator) {
        self.random = random
    }

    public var nextDeadline: Instant? {
        switch state {
        case .closed: nil
        case .idle(let next): next
        case .awaitingPong(let until): until
        }
    }

    public mutating func handle(_ event: Event, at now: Now) -> [Action] {
        switch (event, state) {
        case (.flowOpened, _):
            state = .idle(next: now.instant + interval())
        case (.flowTimerReceived(let seconds), _):
            // Below a few seconds a peer would make us ping without pause.
            self.seconds = max(seconds, 5)
            if case .idle(let next) = state { state = .idle(next: min(next, now.instant + interval())) }
        case (.pongReceived, .awaitingPong):
            state = .idle(next: now.instant + interval())
        case (.pongReceived, _):
            break
        case (.flowClosed, _):
            state = .closed
            seconds = nil
        case (.timeAdvanced, .idle(let next)) where now.instant >= next:
            state = .awaitingPong(until: now.instant + OutboundKeepAlive.pongTimeout)
            return [.ping]
        case (.timeAdvanced, .awaitingPong(let until)) where now.instant >= until:
            state = .closed
            return [.flowFailed]
        case (.timeAdvanced, _):
            break
        }
        return []
    }

    /// 80 to 100 percent of Flow-Timer, so that clients do not ping in step.
    private mutating func interval() -> Duration {
        let whole = Duration.seconds(Int64(seconds ?? OutboundKeepAlive.defaultSeconds))
        let lowest = seconds == nil ? Duration.seconds(95) : whole * 4 / 5
        return lowest + (whole - lowest) * Int(random.next() % 1001) / 1000
    }
}
