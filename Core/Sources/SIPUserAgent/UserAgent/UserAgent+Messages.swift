import MCFoundation
import SIP

/// What a message of ours is made of.
extension UserAgent {
    /// Header fields that the user agent writes itself, whatever the owner hands in.
    private static let ownRequestFields: [HeaderName] = [
        .via, .from, .to, .callID, .cseq, .maxForwards, .route, .recordRoute, .contentLength,
    ]
    private static let ownResponseFields: [HeaderName] = [
        .via, .from, .to, .callID, .cseq, .recordRoute, .contentLength, .sessionExpires,
    ]

    /// Adds what RFC 3261 8.1.1 demands and the owner left out.
    mutating func complete(_ request: inout SIPRequest) {
        if var from = request.headers.from, from.tag == nil {
            from.tag = random.token(16)
            request.headers.set(.from, from.description)
        }
        if !request.headers.has(.callID) { request.headers.append(.callID, random.token(26)) }
        if !request.headers.has(.cseq) { request.headers.append(.cseq, CSeq(1, request.method).description) }
        if !request.headers.has(.maxForwards) { request.headers.append(.maxForwards, "70") }
    }

    func addAllow(_ headers: inout Headers) {
        guard !headers.has(.allow) else { return }
        for method in methods { headers.append(.allow, method.description) }
    }

    func addSupported(_ tag: String, _ headers: inout Headers) {
        if !headers.lists(tag, in: .supported) { headers.append(.supported, tag) }
    }

    static func fill(_ request: inout SIPRequest, _ headers: Headers, _ body: [UInt8]) {
        for (name, value) in headers.all where !ownRequestFields.contains(name) {
            request.headers.append(name, value)
        }
        request.body = body
    }

    static func fill(_ response: inout SIPResponse, _ headers: Headers, _ body: [UInt8]) {
        for (name, value) in headers.all where !ownResponseFields.contains(name) {
            response.headers.append(name, value)
        }
        response.body = body
    }

    /// Answers at once, without the owner.
    mutating func refuse(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ status: Int, _ headers: Headers = Headers()
    ) {
        var response = request.response(status, toTag: random.token(16))
        UserAgent.fill(&response, headers, [])
        put(.respond(response, transaction))
    }

    func retryAfter(_ seconds: Int) -> Headers {
        var headers = Headers()
        headers.append(.retryAfter, String(seconds))
        return headers
    }

    /// Random seconds of RFC 3261 14.2 for 500 to a second INVITE.
    mutating func randomRetryAfter() -> Headers { retryAfter(Int(random.next() % 11)) }

    /// Sends a request and remembers what its answer is for.
    mutating func dispatch(
        _ request: SIPRequest, _ purpose: OutstandingRequest.Purpose, id: ClientTransactionID? = nil, at now: Now
    ) -> ClientTransactionID {
        let id = id ?? ClientTransactionID(mint())
        outstanding[id] = OutstandingRequest(request: request, purpose: purpose)
        // A function of the same process that never answers must not be waited for without end.
        if request.method != .invite {
            deadlines.set(.outstanding(id), at: now.instant + limits.timers.timeout + limits.timers.t2)
        }
        put(.send(request, id))
        return id
    }
}
