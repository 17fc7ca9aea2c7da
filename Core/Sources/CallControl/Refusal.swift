public import SIP

/// Why a request is refused: what the peer is told. Thrown by the checks of a function, in the order that the
/// specification gives them, so that the first one that fails decides.
public struct Refusal: Error, Hashable, Sendable {
    public var status: Int
    public var warning: MCPTTWarning?
    /// Further header fields of the response (Min-Expires, Retry-After).
    public var headers: Headers

    /// With the status that the warning usually comes with.
    public init(_ warning: MCPTTWarning) {
        self.init(status: warning.status, warning)
    }

    public init(status: Int, _ warning: MCPTTWarning? = nil, headers: Headers = Headers()) {
        self.status = status
        self.warning = warning
        self.headers = headers
    }

    /// There is no room for it now, whoever asks: 503, and when to come again (RFC 3261 21.5.4).
    public static func noRoom(retryAfterSeconds: UInt32 = 5) -> Refusal {
        var headers = Headers()
        headers.append(.retryAfter, "\(retryAfterSeconds)")
        return Refusal(status: 503, headers: headers)
    }

    /// The header fields of the response. `agent` is the name of the refusing system.
    public func responseHeaders(agent: String) -> Headers {
        var all = headers
        if let warning { all.append(.warning, warning.headerValue(agent: agent)) }
        return all
    }
}
