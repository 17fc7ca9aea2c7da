/// A SIP request as a value. What `parse` lets through is well formed in the sense of RFC 3261 8.1.1: To, From, CSeq,
/// Call-ID, Max-Forwards (added where an old client leaves it out) and Via are present, single where they must be, and
/// readable by the typed accessors of `Headers`.
public struct SIPRequest: Hashable, Sendable {
    public var method: Method
    public var uri: SIPURI
    public var headers: Headers
    public var body: [UInt8]

    public init(method: Method, uri: SIPURI, headers: Headers = Headers(), body: [UInt8] = []) {
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
    }
}

/// A SIP response as a value.
public struct SIPResponse: Hashable, Sendable {
    /// 100 to 699.
    public var status: Int
    public var reason: String
    public var headers: Headers
    public var body: [UInt8]

    public init(status: Int, reason: String? = nil, headers: Headers = Headers(), body: [UInt8] = []) {
        self.status = status
        self.reason = reason ?? StatusReason.text(status)
        self.headers = headers
        self.body = body
    }

    public var isProvisional: Bool { status < 200 }
    public var isSuccess: Bool { (200..<300).contains(status) }
}

public enum SIPMessage: Hashable, Sendable {
    case request(SIPRequest)
    case response(SIPResponse)
}

extension SIPRequest {
    /// A response to this request with the header fields that RFC 3261 8.2.6.2 has copied: every Via, From, To,
    /// Call-ID, CSeq and (for what creates a dialog) Record-Route. `toTag` is added where To has no tag yet.
    public func response(_ status: Int, reason: String? = nil, toTag: String? = nil) -> SIPResponse {
        var response = SIPResponse(status: status, reason: reason)
        for name in [HeaderName.via, .from, .callID, .cseq] {
            for value in headers.values(name) { response.headers.append(name, value) }
        }
        if var to = headers.to {
            if to.tag == nil, let toTag, status > 100 { to.tag = toTag }
            response.headers.append(.to, to.description)
        }
        if status > 100, status < 300 {
            for value in headers.values(.recordRoute) { response.headers.append(.recordRoute, value) }
        }
        return response
    }
}
