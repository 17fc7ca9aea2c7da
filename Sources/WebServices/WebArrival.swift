import MCFoundation
import NIOCore
import NIOHTTP1

/// One request while it arrives.
struct WebArrival {
    let head: HTTPRequestHead
    private var body = ByteBuffer()
    private let limit: Int

    /// Answers without a handler, where the head says already that there will be none.
    enum Refusal: Error, Hashable {
        case badRequest
        case bodyTooLong

        var status: HTTPResponseStatus {
            switch self {
            case .badRequest: .badRequest
            case .bodyTooLong: .payloadTooLarge
            }
        }
    }

    /// - Parameter limit: octets of the body, told from the request without it.
    init(_ head: HTTPRequestHead, from source: IPAddress?, limit: (WebRequest) -> Int) throws(Refusal) {
        self.head = head
        self.limit = limit(Self.request(head, ByteBuffer(), from: source))
        // RFC 9112 3.2: no more than one `Host`, and none only before HTTP/1.1.
        let hosts = head.headers[canonicalForm: "host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else { throw .badRequest }
        if let length = declaredLength, length > self.limit { throw .bodyTooLong }
    }

    /// Whether the client waits to be told to go on before it sends the body (RFC 9110 10.1.1).
    var expectsContinue: Bool {
        head.version != .http1_0 && hasBody
            && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }

    /// Whether another request may follow on the connection. After CONNECT, and after `Upgrade`, which is not taken
    /// up here, the decoder reads no more.
    var keepsAlive: Bool { head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade") }

    mutating func add(_ part: ByteBuffer) throws(Refusal) {
        guard body.readableBytes + part.readableBytes <= limit else { throw .bodyTooLong }
        body.writeImmutableBuffer(part)
    }

    func request(from source: IPAddress?) -> WebRequest { Self.request(head, body, from: source) }

    private static func request(_ head: HTTPRequestHead, _ body: ByteBuffer, from source: IPAddress?) -> WebRequest {
        let target = originForm(head.uri)
        let mark = target.firstIndex(of: "?")
        return WebRequest(
            method: head.method.rawValue, path: String(target[..<(mark ?? target.endIndex)]),
            query: mark.map { String(target[target.index(after: $0)...]) } ?? "",
            headers: head.headers.map { WebHeader($0.name, $0.value) }, body: Array(body.readableBytesView),
            source: source)
    }

    private var hasBody: Bool {
        head.headers.contains(name: "transfer-encoding") || declaredLength.map { $0 > 0 } ?? false
    }

    /// What no `Int` holds is counted while it comes. What is no number has been refused by the decoder.
    private var declaredLength: Int? { head.headers[canonicalForm: "content-length"].first.flatMap { Int($0) } }

    /// Path and query, of a target that may name scheme and host too (RFC 9112 3.2.2).
    private static func originForm(_ target: String) -> Substring {
        let lower = target.prefix(8).lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else { return Substring(target) }
        let authority = target.dropFirst(lower.hasPrefix("https://") ? 8 : 7)
        guard let start = authority.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return authority[start] == "/" ? authority[start...] : "/" + authority[start...]
    }
}
