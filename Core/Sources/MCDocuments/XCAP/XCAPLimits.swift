/// Bounds on what an XCAP request may bring.
public struct XCAPLimits: Hashable, Sendable {
    /// Octets of path and query.
    public var uriOctets = 8_192
    /// Segments of the document path.
    public var segments = 16
    /// Steps of a node selector.
    public var steps = 32
    /// Bindings of `xmlns()`.
    public var namespaceBindings = 16
    /// Octets of a body, and of a document.
    public var octets = 4_194_304
    /// Elements within one another.
    public var depth = 32
    /// Elements of a document.
    public var elements = 131_072
    /// Attributes and namespace declarations of one element.
    public var attributes = 64
    /// Documents and collections of one subscription.
    public var subscribedTargets = 512

    public init() {}
}
