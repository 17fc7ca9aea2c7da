import MCFoundation
import SIP

/// Messages as text, so that a test shows what is on the wire.
func request(_ text: String, body: String = "") throws -> SIPRequest {
    guard case .request(let request) = try parse(text, body) else { throw NoMessage() }
    return request
}

func response(_ text: String, body: String = "") throws -> SIPResponse {
    guard case .response(let response) = try parse(text, body) else { throw NoMessage() }
    return response
}

struct NoMessage: Error {}

private func parse(_ text: String, _ body: String) throws -> SIPMessage {
    var lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\r\n")
    lines += "\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    return try SIPMessage.parse(Array(lines.utf8))
}

/// A request as a transaction user hands it down: without Via.
func outgoing(_ method: String, cseq: Int = 1) throws -> SIPRequest {
    var made = try incoming(method, cseq: cseq)
    made.headers.remove(.via)
    return made
}

/// A request as it arrives from a peer.
func incoming(
    _ method: String, cseq: Int = 1, branch: String = "z9hG4bKpeer", sentBy: String = "192.0.2.7:5060",
    toTag: String? = nil, more: String = "", parameters: String = ""
) throws -> SIPRequest {
    try request(
        """
        \(method) sip:bob@example.org SIP/2.0
        Via: SIP/2.0/UDP \(sentBy);branch=\(branch)\(parameters)
        Max-Forwards: 70
        From: <sip:alice@example.org>;tag=a1
        To: <sip:bob@example.org>\(toTag.map { ";tag=\($0)" } ?? "")
        Call-ID: c1
        CSeq: \(cseq) \(method)
        Contact: <sip:alice@192.0.2.7>\(more.isEmpty ? "" : "\n\(more)")
        """)
}

extension Now {
    static func milliseconds(_ count: Int64) -> Now {
        Now(instant: Instant(nanoseconds: count * 1_000_000), utc: UTCTime(microseconds: count * 1_000))
    }
}
