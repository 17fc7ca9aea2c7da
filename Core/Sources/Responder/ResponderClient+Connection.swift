import MCFoundation
import SIP
import SIPUserAgent

/// The flow to the edge and its keep-alive (RFC 5626 4.4 and 4.5).
struct Connection: Sendable {
    struct Flow: Sendable {
        var id: FlowID
        var transport: TransportKind
        var remote: SocketAddress
    }

    var flow: Flow?
    /// `connect` is out.
    var isOpening = false
    /// When a lost connection is tried again.
    var retryAt: Instant?
    var failures = 0
    /// Next keep-alive, and its interval.
    var pingAt: Instant?
    var pingInterval: Duration?
    /// Without an answer until then the flow is dead.
    var pongDue: Instant?

    var nextDeadline: Instant? { earlier(earlier(retryAt, pingAt), pongDue) }
}

extension ResponderClient {
    mutating func connect() {
        connection.retryAt = nil
        guard connection.flow == nil, !connection.isOpening else { return }
        connection.isOpening = true
        actions.append(.connect(settings.edge))
    }

    mutating func flowOpened(_ id: FlowID, _ transport: TransportKind, _ remote: SocketAddress, at now: Now) {
        guard connection.flow == nil, registration.isWanted else {
            actions.append(.close(id))
            return
        }
        connection.isOpening = false
        connection.retryAt = nil
        connection.flow = .init(id: id, transport: transport, remote: remote)
        pass(transactions.handle(.flowOpened(id, transport: transport, target: settings.edge), at: now), at: now)
        sendRegister(at: now)
    }

    mutating func flowClosed(_ id: FlowID, at now: Now) {
        guard connection.flow?.id == id else { return }
        connection.flow = nil
        connection.pingAt = nil
        connection.pingInterval = nil
        connection.pongDue = nil
        loseRegistration()
        pass(transactions.handle(.flowClosed(id), at: now), at: now)
        setCallsAdrift(at: now)
        guard registration.isWanted else { return }
        notify(.connectionLost)
        retryLater(at: now)
    }

    mutating func connectFailed(at now: Now) {
        connection.isOpening = false
        guard registration.isWanted else { return }
        retryLater(at: now)
    }

    /// RFC 5626 4.5: the wait doubles up to a limit, and half of it is random, so that a fleet does not come back at
    /// one instant.
    mutating func nextWait() -> Duration {
        connection.failures += 1
        return wait(after: connection.failures - 1)
    }

    mutating func wait(after failures: Int) -> Duration {
        let doubled = settings.retryBase * (1 << min(failures, 16))
        let whole = min(doubled, settings.retryLimit)
        return whole / 2 + whole / 2000 * Int(random.next() % 1001)
    }

    mutating func retryLater(at now: Now) {
        connection.retryAt = now.instant + nextWait()
    }

    mutating func received(_ octets: [UInt8], from flow: FlowID, at now: Now) {
        guard let current = connection.flow, current.id == flow else { return }
        do throws(SIPParseError) {
            let message = try SIPMessage.parse(octets)
            pass(
                transactions.handle(
                    .received(message, flow: flow, transport: current.transport, source: current.remote), at: now),
                at: now)
        } catch {
            guard let status = error.status, let request = error.partial else { return }
            actions.append(.transmit(request.response(status, toTag: random.token(16)).serialized(), flow))
        }
    }

    /// After a registration: what Flow-Timer says, else RFC 5626 4.4.1 and 4.4.2.
    mutating func startKeepAlive(flowTimer: UInt32?, at now: Now) {
        guard let flow = connection.flow else { return }
        connection.pingInterval =
            if let flowTimer, flowTimer > 0 {
                .seconds(Int64(flowTimer))
            } else {
                flow.transport.isReliable ? .seconds(120) : .seconds(30)
            }
        if connection.pingAt == nil { schedulePing(at: now) }
    }

    /// RFC 5626 4.4.1: between 80 % and 100 % of the interval.
    private mutating func schedulePing(at now: Now) {
        guard let interval = connection.pingInterval else { return }
        connection.pingAt = now.instant + interval / 1000 * Int(800 + random.next() % 190)
    }

    mutating func advanceConnection(at now: Now) {
        if let retryAt = connection.retryAt, retryAt <= now.instant {
            connection.retryAt = nil
            if connection.flow == nil { connect() } else { sendRegister(at: now) }
        }
        guard let flow = connection.flow else { return }
        if let due = connection.pongDue, due <= now.instant {
            // RFC 5626 4.4.1: no pong within 10 s, so the flow is dead.
            actions.append(.close(flow.id))
            flowClosed(flow.id, at: now)
            return
        }
        if let pingAt = connection.pingAt, pingAt <= now.instant {
            actions.append(.sendKeepAlive(flow.id))
            if flow.transport.isReliable { connection.pongDue = now.instant + .seconds(10) }
            schedulePing(at: now)
        }
    }
}
