import MCFoundation
import SIP
import SIPUserAgent

/// A user agent with a clock of its own, and a peer played by the test. What the agent does becomes lines: `> ` put
/// out, `! ` told to the owner, with the milliseconds where time did it.
struct UserAgentBench {
    static let offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\n"
    static let answer = "v=0\r\no=- 2 1 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n"

    var agent: UserAgent
    var milliseconds: Int64 = 0
    var requests: [(request: SIPRequest, id: ClientTransactionID)] = []
    var acknowledgements: [SIPRequest] = []
    var responses: [SIPResponse] = []
    var events: [UserAgentEvent] = []
    var session = SessionID(0)
    var subscription = SubscriptionID(0)
    private var lastServerID: UInt64 = 0
    /// Of the newest request that was handed up.
    var pending = ServerTransactionID(0)

    init(limits: UserAgentLimits = .init(), seed: UInt64 = 7) {
        agent = UserAgent(number: 3, random: SeededGenerator(seed: seed), limits: limits)
    }

    var now: Now { .milliseconds(milliseconds) }

    mutating func run(_ command: (inout UserAgent, Now) -> Void) -> [String] {
        command(&agent, now)
        return drain()
    }

    mutating func handle(_ input: SIPInput) -> [String] { run { $0.handle(input, at: $1) } }

    /// A request of the peer in a new server transaction.
    mutating func receive(_ request: SIPRequest) -> [String] {
        lastServerID += 1
        return handle(.request(request, ServerTransactionID(lastServerID), .system))
    }

    /// The peer answers the newest request of that method.
    mutating func reply(_ method: Method, _ status: Int, tag: String = "p1", more: String = "", body: String = "")
        throws -> [String]
    {
        guard let sent = requests.last(where: { $0.request.method == method }) else { throw NoMessage() }
        return handle(.response(try answer(sent.request, status, tag, more, body), sent.id))
    }

    /// Our INVITE is accepted by the peer.
    mutating func call(more: String = "", answerMore: String = "") throws -> [String] {
        let invite = try invitation(more: more)
        var id = SessionID(0)
        _ = run { id = $0.invite(invite, at: $1) }
        session = id
        return try reply(.invite, 200, more: "Contact: <sip:peer@192.0.2.7>\(answerMore)", body: Self.offer)
    }

    /// The peer's INVITE is accepted by us and acknowledged.
    mutating func beCalled(more: String = "", accept headers: String = "") throws -> [String] {
        var lines = receive(try peerInvitation(more: more))
        lines += try accept(headers)
        lines += acknowledge()
        return lines
    }

    mutating func accept(_ more: String = "") throws -> [String] {
        let headers = try headers("Contact: <sip:us@198.51.100.1>\nContent-Type: application/sdp\(more)")
        let id = session
        return run { $0.accept(id, headers: headers, body: Array(Self.answer.utf8), at: $1) }
    }

    mutating func acknowledge(cseq: Int = 1) -> [String] {
        guard let ack = try? fromPeer("ACK", cseq: cseq) else { return ["no ACK"] }
        return handle(.acknowledgement(ack))
    }

    /// A request of the peer inside the session.
    func fromPeer(_ method: String, cseq: Int, more: String = "", body: String = "") throws -> SIPRequest {
        guard let dialog = agent.dialog(of: session) else { throw NoMessage() }
        return try request(
            """
            \(method) sip:us@198.51.100.1 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKd\(cseq)
            Max-Forwards: 70
            From: <sip:alice@example.org>;tag=\(dialog.remoteTag)
            To: <sip:bob@example.org>;tag=\(dialog.localTag)
            Call-ID: \(dialog.callID)
            CSeq: \(cseq) \(method)
            Contact: <sip:peer@192.0.2.7>\(more.isEmpty ? "" : "\n\(more)")\
            \(body.isEmpty ? "" : "\nContent-Type: application/sdp")
            """, body: body)
    }

    func invitation(more: String = "") throws -> SIPRequest {
        try bare("INVITE", more: more, body: Self.answer)
    }

    /// A request as an owner hands it in: what the user agent adds is missing.
    func bare(_ method: String, more: String = "", body: String = "") throws -> SIPRequest {
        var made = try request(
            """
            \(method) sip:alice@example.org SIP/2.0
            Via: SIP/2.0/UDP x;branch=z9hG4bKx
            Max-Forwards: 70
            From: <sip:bob@example.org>;tag=x
            To: <sip:alice@example.org>
            Call-ID: x
            CSeq: 1 \(method)
            Contact: <sip:us@198.51.100.1>\(more.isEmpty ? "" : "\n\(more)")\
            \(body.isEmpty ? "" : "\nContent-Type: application/sdp")
            """, body: body)
        made.headers.set(.from, "<sip:bob@example.org>")
        for name in [HeaderName.via, .maxForwards, .callID, .cseq] { made.headers.remove(name) }
        return made
    }

    func peerInvitation(more: String = "", body: String = Self.offer) throws -> SIPRequest {
        var lines = more.isEmpty ? "" : more
        if !body.isEmpty { lines += (lines.isEmpty ? "" : "\n") + "Content-Type: application/sdp" }
        var made = try incoming("INVITE", more: lines)
        made.body = Array(body.utf8)
        return made
    }

    func headers(_ text: String) throws -> Headers {
        var headers = Headers()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.append(HeaderName(String(parts[0])), parts[1].trimmed)
        }
        return headers
    }

    mutating func wait(until end: Int64) -> [String] {
        var lines: [String] = []
        while let next = agent.nextDeadline, next.nanoseconds <= end * 1_000_000 {
            milliseconds = next.nanoseconds / 1_000_000
            lines += run { $0.advance(to: $1) }.map { "\(milliseconds) \($0)" }
        }
        milliseconds = end
        return lines
    }

    private func answer(_ request: SIPRequest, _ status: Int, _ tag: String, _ more: String, _ body: String) throws
        -> SIPResponse
    {
        var response = request.response(status, toTag: tag)
        for (name, value) in try headers(more).all { response.headers.append(name, value) }
        if !body.isEmpty { response.headers.append(.contentType, "application/sdp") }
        response.body = Array(body.utf8)
        return response
    }

    private mutating func drain() -> [String] {
        var lines: [String] = []
        for output in agent.takeOutputs() {
            switch output {
            case .send(let request, let id):
                requests.append((request, id))
                lines.append("> \(request.method)")
            case .acknowledge(let request):
                acknowledgements.append(request)
                lines.append("> ACK")
            case .cancel: lines.append("> CANCEL")
            case .respond(let response, _):
                responses.append(response)
                lines.append("> \(response.status)")
            }
        }
        while let event = agent.nextEvent() {
            events.append(event)
            lines.append("! " + text(event))
        }
        return lines
    }

    private mutating func text(_ event: UserAgentEvent) -> String {
        switch event {
        case .invited(let id, _, _):
            session = id
            return "invited"
        case .progressed(_, let response): return "progressed \(response.status)"
        case .established: return "established"
        case .acknowledged: return "acknowledged"
        case .rejected(_, let response): return "rejected \(response.status)"
        case .modified(_, let request, let id):
            pending = id
            return "modified \(request.method)"
        case .modificationAnswered(_, let response): return "modification \(response.status)"
        case .ended(_, .byPeer): return "ended byPeer"
        case .ended(_, let end): return "ended \(end)"
        case .requestReceived(let request, let id, _):
            pending = id
            return "received \(request.method)"
        case .requestInSession(_, let request, let id):
            pending = id
            return "in session \(request.method)"
        case .answered(_, let response): return "answered \(response.status)"
        case .subscribed(_, let request): return "subscribed \(request.headers[.expires] ?? "-")"
        case .notified(_, let request): return "notified \(request.headers[.subscriptionState] ?? "-")"
        case .subscriptionEnded(_, let status): return "subscription ended \(status.map(String.init) ?? "in order")"
        }
    }
}

extension Substring {
    var trimmed: String { String(drop { $0 == " " }) }
}
