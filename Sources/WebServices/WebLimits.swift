/// Bounds on what a peer of the web server may send.
public struct WebLimits: Hashable, Sendable {
    /// Octets of a body; more is answered with 413. An import of a whole fleet fits.
    public var bodyBytes = 16 << 20
    /// Octets of all header fields.
    public var headerBytes = 32 << 10
    public var headerFields = 100
    /// Connections at a time; more wait to be accepted.
    public var connections = 4_096
    /// A connection on which nothing happens is closed after this much.
    public var idle = Duration.seconds(60)
    /// How long a request may take to arrive whole.
    public var requestTime = Duration.seconds(30)

    public init() {}
}
