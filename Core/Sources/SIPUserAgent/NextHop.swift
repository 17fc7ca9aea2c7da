/// A peer to be reached over a connection that is opened on demand (RFC 3263 done by whoever wrote the address down).
public struct Target: Hashable, Sendable {
    /// A DNS name or an address literal, IPv6 without brackets.
    public var host: String
    public var port: UInt16
    public var transport: TransportKind
    /// The name that the peer's certificate must prove (RFC 5922); nil: `host`.
    public var serverName: String?

    public init(host: String, port: UInt16, transport: TransportKind, serverName: String? = nil) {
        self.host = host
        self.port = port
        self.transport = transport
        self.serverName = serverName
    }
}

/// Where a message goes next.
public enum NextHop: Hashable, Sendable {
    /// Down a connection or association that stands.
    case flow(FlowID)
    /// From the socket of a UDP association to another port of its remote address: answers to who does not know RFC 3581
    /// go to the port in Via (RFC 3261 18.2.2). It opens nothing and takes no place anywhere.
    case beside(FlowID, port: UInt16)
    case target(Target)
}
