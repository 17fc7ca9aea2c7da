public import MCFoundation

/// One request as a handler sees it. What is behind it (HTTP version, TLS, chunks) is the server's affair.
public struct WebRequest: Sendable {
    /// Upper case: `GET`.
    public var method: String
    /// As it was sent, percent-encoded, without the query: `/xcap-root/...`.
    public var path: String
    /// What stands behind the first `?`, as it was sent; empty where nothing does.
    public var query: String
    /// Names in lower case, in the order in which they came; a name may come more than once.
    public var headers: [WebHeader]
    public var body: [UInt8]
    /// Address of the peer, where it is an IP address.
    public var source: IPAddress?

    public init(
        method: String, path: String, query: String = "", headers: [WebHeader] = [], body: [UInt8] = [],
        source: IPAddress? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.source = source
    }

    /// The first value of a header.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The token of `Authorization: Bearer` (RFC 6750 2.1); nil where there is none.
    public var bearerToken: String? {
        guard let value = header("authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

public struct WebHeader: Hashable, Sendable {
    /// Lower case.
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name.lowercased()
        self.value = value
    }
}

/// The answer to one request.
public struct WebResponse: Hashable, Sendable {
    public var status: Int
    public var headers: [WebHeader]
    public var body: [UInt8]

    public init(status: Int, headers: [WebHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int = 200, _ contentType: String, _ text: String, headers: [WebHeader] = []) {
        self.init(
            status: status, headers: [WebHeader("content-type", contentType)] + headers, body: Array(text.utf8))
    }

    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Answers requests. A handler that cannot answer says so with a status; it does not throw.
public protocol WebHandler: Sendable {
    func respond(to request: WebRequest) async -> WebResponse

    /// How many octets the body of a request may have, told from its head alone: more is answered with 413, and never
    /// gathered. `WebLimits.bodyBytes` bounds it whatever is said here.
    ///
    /// - Parameter head: the request as it will be, but for its body, which is empty.
    func bodyLimit(of head: WebRequest) -> Int
}

extension WebHandler {
    public func bodyLimit(of head: WebRequest) -> Int { WebLimits.ordinaryBodyBytes }
}
