/// Why octets are no SIP message that can be served.
public struct SIPParseError: Error, Hashable, Sendable {
    /// What the peer may be told: 400, 413, 414, 416, 505, 501 ...; nil where the message is to be dropped (responses,
    /// and requests too broken to answer).
    public var status: Int?
    /// What was wrong, for the log: no octets of the peer in it.
    public var diagnosis: String
    /// As much of a request as could be read, for building the answer (Via, From, To, Call-ID, CSeq).
    public var partial: SIPRequest?

    public init(status: Int?, diagnosis: String, partial: SIPRequest? = nil) {
        self.status = status
        self.diagnosis = diagnosis
        self.partial = partial
    }
}

/// Bounds on what a peer may send. Everything larger is refused before it is stored.
public struct SIPLimits: Hashable, Sendable {
    /// Octets of start line and headers together.
    public var headerOctets = 32_768
    /// Octets of the body.
    public var bodyOctets = 262_144
    /// Header fields after splitting of lists.
    public var fields = 256
    /// Octets of a Request-URI.
    public var uriOctets = 8_192
    /// Parts of a multipart body.
    public var bodyParts = 32
    /// Parameters of one URI or of one header value.
    public static let parameters = 128

    public init() {}
}
