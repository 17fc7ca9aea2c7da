import HostTime
import MCFoundation
import NIOCore
import NIOHTTP1

/// An answer as NIO sends it: framed by us, whatever a handler says of it.
struct WebAnswer {
    private(set) var head: HTTPResponseHead
    private(set) var body: ByteBuffer

    /// Fields of the connection and of framing, and what the server knows better.
    private static let ours: Set = [
        "connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade",
    ]

    init(_ response: WebResponse, to request: HTTPRequestHead, isLast: Bool) {
        // An interim status is no answer, and what has not three digits cannot be sent.
        let status = (200...999).contains(response.status) ? response.status : 500
        self.init(HTTPResponseStatus(statusCode: status), octets: response.body, isLast: isLast)
        for field in response.headers where !Self.ours.contains(field.name) {
            guard Self.isName(field.name), Self.isValue(field.value) else { continue }
            head.headers.add(name: field.name, value: field.value)
        }
        // HTTP/1.0 is told that it may go on (RFC 9112 9.3).
        if request.version == .http1_0, !isLast { head.headers.add(name: "connection", value: "keep-alive") }
        if request.method == .HEAD || !head.status.mayHaveResponseBody { body.clear() }
    }

    /// The last answer of a connection, to what no handler saw.
    static func refusal(_ status: HTTPResponseStatus) -> WebAnswer {
        WebAnswer(status, octets: [], isLast: true)
    }

    private init(_ status: HTTPResponseStatus, octets: [UInt8], isLast: Bool) {
        var fields = HTTPHeaders()
        fields.add(name: "content-length", value: "\(octets.count)")
        fields.add(name: "date", value: WebDate.text(SystemClock.now().utc))
        if isLast { fields.add(name: "connection", value: "close") }
        head = HTTPResponseHead(version: .http1_1, status: status, headers: fields)
        body = ByteBuffer(bytes: octets)
    }

    /// RFC 9110 5.6.2: a token.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
                }
            }
    }

    /// RFC 9110 5.5: no control character but the tab; CR, LF and NUL would begin what a client reads as another
    /// field or another answer.
    private static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }
    }
}
