/// Bounds on what a peer of the web server may send, and on how long it may take for it.
public struct WebLimits: Hashable, Sendable {
    /// Octets of a body where its handler says nothing else: anybody may send so much, before he is known.
    public static let ordinaryBodyBytes = 64 << 10

    /// Octets of a body, whatever its handler says; more is answered with 413. An import of a whole fleet fits.
    public var bodyBytes = 16 << 20
    /// Octets of all header fields; more is answered with 431.
    public var headerBytes = 32 << 10
    public var headerFields = 100
    /// Connections at a time; more wait to be accepted, in the queue of the listening socket. One whose client has
    /// gone counts until its request is answered, so that going away makes nobody room for more.
    public var connections = 4_096
    /// A connection on which nothing happens is closed after this much: no request comes, or of an answer nothing
    /// is taken.
    public var idle = Duration.seconds(60)
    /// How long a request may take to arrive whole, from its first octet.
    public var requestTime = Duration.seconds(30)
    /// How long TLS may take to be agreed on.
    public var handshake = Duration.seconds(10)
    /// How long the last answer of a connection is given to reach the client before what it still sends makes the
    /// system reset the connection (RFC 9112 9.6), and how long TLS waits for the end to be confirmed.
    public var linger = Duration.seconds(1)
    /// How long `stop` waits for requests that are being answered.
    public var stopTime = Duration.seconds(10)

    public init() {}
}
