public import MCFoundation
public import SIPUserAgent

/// What the transport tells its owner, in past tense and in order per flow.
public enum TransportEvent: Hashable, Sendable {
    /// A connection stands (TLS: the handshake is done), or the first datagram of a UDP association arrived.
    case opened(FlowID, FlowDetails)
    /// Nothing more arrives from that flow and nothing can be sent on it.
    case closed(FlowID)
    /// One whole message as it was framed. Keep-alives of RFC 5626 do not come here.
    case received(FlowID, [UInt8])
    /// No connection to that target could be made, or the one it had broke with messages unsent.
    case targetFailed(Target)
    /// A peer's certificate is not believed; its connection is closed.
    case certificateRefused(RefusedCertificate)
    /// The listeners of streams are closed, as was asked: others may bind their addresses.
    case listenersClosed
}

/// Whose certificate was not believed, and why.
public struct RefusedCertificate: Hashable, Sendable {
    /// nil where it came to no connection.
    public var remote: IPAddress?
    /// The listener that it came to; nil where this side dialled.
    public var listener: String?
    /// Whom this side dialled.
    public var target: Target?
    /// Of our making; never octets of the peer.
    public var reason: String
}

/// What the transport knows of a connection or UDP association.
public struct FlowDetails: Hashable, Sendable {
    public var transport: TransportKind
    public var remote: SocketAddress
    public var local: SocketAddress
    /// The SIP domains that the peer's verified certificate proves (RFC 5922 7.1), lower case: the hosts of its SIP
    /// URIs or, where it has none, its DNS names, without those that its authority may not assert. Empty where the peer
    /// showed no certificate.
    public var certificateNames: [String]
    /// True where this side opened the connection.
    public var isOutbound: Bool
    /// Set where the connection was opened for this target.
    public var target: Target?
    /// The listener that accepted it; nil where this side opened it.
    public var listener: String?

    public init(
        transport: TransportKind, remote: SocketAddress, local: SocketAddress, certificateNames: [String] = [],
        isOutbound: Bool = false, target: Target? = nil, listener: String? = nil
    ) {
        self.transport = transport
        self.remote = remote
        self.local = local
        self.certificateNames = certificateNames
        self.isOutbound = isOutbound
        self.target = target
        self.listener = listener
    }
}

/// What an owner asks of the transport.
public enum TransportOrder: Hashable, Sendable {
    /// One whole message.
    case transmit([UInt8], NextHop)
    /// Open the connection to a target where there is none, with nothing to send yet.
    case connect(Target)
    case close(FlowID)
    /// Send a keep-alive (RFC 5626 4.4.1) that often and close the flow where no answer comes; nil: no more.
    case keepAlive(FlowID, Duration?)
    /// Close the flow where nothing comes for that long (RFC 5626 5.4): its peer promised keep-alives. nil: the idle time.
    case expectKeepAlive(FlowID, Duration?)
    /// Accept no connection any more; what stands goes on. `TransportEvent.listenersClosed` follows.
    case stopListening
    /// Bind every listener that is not bound, as soon as it can be: whoever has an address may be about to give it up.
    case startListening
}
