public import MCFoundation
public import SIP

/// What happened to the transaction layer.
public enum TransactionEvent: Hashable, Sendable {
    /// A message that the codec let through. `source` is where the octets came from: it goes into the topmost Via of
    /// a request (RFC 3261 18.2.1, RFC 3581 4). `isKnown`: somebody proved who they are over that flow.
    case received(
        SIPMessage, flow: FlowID, transport: TransportKind, source: SocketAddress, isKnown: Bool = true)
    /// A request to send, without our Via. The identifier must not be in use.
    case send(SIPRequest, ClientTransactionID, NextHop)
    /// ACK to a 2xx: sent once, in no transaction.
    case acknowledge(SIPRequest, NextHop)
    /// The transaction user gives an INVITE up (RFC 3261 9.1).
    case cancel(ClientTransactionID)
    case respond(SIPResponse, ServerTransactionID)
    /// A flow exists from now on. `target` says what it was opened for, where it was us who opened it.
    case flowOpened(FlowID, transport: TransportKind, target: Target?)
    /// The flow is gone: what waits on it fails.
    case flowClosed(FlowID)
    /// No connection to that target came about, or the last one broke.
    case targetFailed(Target)
    /// `nextDeadline` is reached.
    case timeAdvanced
}

/// What the transaction layer wants done.
public enum TransactionAction: Hashable, Sendable {
    case transmit(SIPMessage, NextHop)
    case deliver(TransactionDelivery)
}

/// What goes up to the transaction user.
public enum TransactionDelivery: Hashable, Sendable {
    /// A new request; `received` and `rport` stand in its topmost Via.
    case request(SIPRequest, ServerTransactionID, FlowID)
    /// ACK to a 2xx.
    case acknowledgement(SIPRequest, FlowID)
    /// CANCEL for an INVITE without final response; the 200 to the CANCEL is out.
    case cancelled(ServerTransactionID)
    /// Without our Via.
    case response(SIPResponse, ClientTransactionID)
    case failed(ClientTransactionID, TransactionFailure)
}

/// What stands in the Via of the requests we send.
public struct SentBy: Hashable, Sendable {
    /// Host name, or address with IPv6 in brackets.
    public var host: String
    public var udpPort: UInt16?
    public var tcpPort: UInt16?
    public var tlsPort: UInt16?

    public init(host: String, udpPort: UInt16? = nil, tcpPort: UInt16? = nil, tlsPort: UInt16? = nil) {
        self.host = host
        self.udpPort = udpPort
        self.tcpPort = tcpPort
        self.tlsPort = tlsPort
    }

    /// One port for every transport.
    public init(host: String, port: UInt16?) {
        self.init(host: host, udpPort: port, tcpPort: port, tlsPort: port)
    }

    func port(_ transport: TransportKind) -> UInt16? {
        switch transport {
        case .udp: udpPort
        case .tcp: tcpPort
        case .tls: tlsPort
        }
    }
}

/// Bounds on what peers can make us keep.
public struct TransactionLimits: Hashable, Sendable {
    /// Server transactions of all peers together; beyond it a request is answered 503.
    public var serverTransactions = 20_000
    /// Server transactions that one flow may hold.
    public var serverTransactionsPerFlow = 10_000
    /// Server transactions that a flow may hold over which nobody proved anything: enough to register many users at a
    /// time, and no more.
    public var serverTransactionsPerUnknownFlow = 64
    /// How many of the server transactions are kept for requests inside dialogs and for those with Resource-Priority,
    /// so that overload does not keep a call from being released or an emergency from being called.
    public var reservedServerTransactions = 2_000
    /// Client transactions; beyond it a request fails as if there were no transport.
    public var clientTransactions = 20_000
    /// What a refused peer is told to wait.
    public var retryAfterSeconds = 5

    public init() {}
}

/// The base values of RFC 3261 17.1.1.1, from which the lettered timers follow.
public struct TransactionTimers: Hashable, Sendable {
    /// Estimated round trip.
    public var t1: Duration = .milliseconds(500)
    /// Longest interval between retransmissions.
    public var t2: Duration = .seconds(4)
    /// Longest time a message stays in the network.
    public var t4: Duration = .seconds(5)
    /// Timer D over unreliable transport: at least 32 s.
    public var d: Duration = .seconds(32)
    /// After this time an INVITE without answer of the transaction user gets 100 (RFC 3261 17.2.1).
    public var trying: Duration = .milliseconds(200)

    public init() {}

    /// Timer C: longest silence after a provisional answer to an INVITE, above three minutes (RFC 3261 16.6). It starts
    /// anew with each provisional answer, which a callee that rings repeats every minute (RFC 3261 13.3.1.1).
    public var c: Duration = .seconds(190)

    /// Timers B, F, H, J, L, M.
    public var timeout: Duration { t1 * 64 }
}
