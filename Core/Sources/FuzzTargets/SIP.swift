import SIP

/// One function per format that a peer can send. Each takes any octets and must return: it reads them, writes what was
/// read, and traps where a promise of the codec is broken.
public enum FuzzTargets {
    /// SIP: a datagram, a stream in two pieces, and every typed reader on every header value.
    public static func sip(_ bytes: [UInt8]) {
        if let message = try? SIPMessage.parse(bytes) { check(message) }
        stream(bytes)
        let text = String(decoding: bytes.prefix(512), as: UTF8.self)
        readEach(text)
    }

    private static func check(_ message: SIPMessage) {
        for (_, value) in message.headers.all { readEach(value) }
        let octets = message.serialized()
        guard let again = try? SIPMessage.parse(octets, limits: .generous) else {
            preconditionFailure("what was written cannot be read")
        }
        precondition(again.serialized() == octets, "what was written and read is written otherwise")
        precondition(again.body == message.body, "the body changed on its way")
        if case .request(let request) = message {
            // What `parse` let through is readable by the typed accessors.
            precondition(request.headers.from != nil && request.headers.to != nil, "From or To unreadable")
            precondition(request.headers.cseq != nil && request.headers.topVia != nil, "CSeq or Via unreadable")
            precondition(request.headers.vias.count == request.headers.values(.via).count, "a Via is unreadable")
            _ = request.parts
            _ = RequestValidation.refusal(of: request, by: .ofFuzzedElement)
            let response = request.response(200, toTag: "x")
            precondition(
                (try? SIPMessage.parse(response.serialized(), limits: .generous)) != nil, "response unreadable")
        }
    }

    private static func stream(_ bytes: [UInt8]) {
        var framer = StreamFramer()
        let middle = bytes.count / 2
        for piece in [bytes[..<middle], bytes[middle...]] {
            framer.append(piece)
            while let frame = try? framer.next() {
                if case .message(let message) = frame { _ = try? SIPMessage.parse(message) }
            }
        }
    }

    private static func readEach(_ text: String) {
        if let uri = SIPURI(text) {
            guard let again = SIPURI(uri.description) else { preconditionFailure("URI written cannot be read") }
            precondition(uri.isEquivalent(to: again), "URI changed on its way")
        }
        if let address = NameAddress(text) {
            precondition(NameAddress(address.description) != nil, "address written cannot be read")
        }
        if let via = Via(text) { precondition(Via(via.description) == via, "Via changed on its way") }
        if let cseq = CSeq(text) { precondition(CSeq(cseq.description) == cseq, "CSeq changed on its way") }
        if let type = ContentType(text) {
            precondition(ContentType(type.description) == type, "Content-Type changed on its way")
        }
        if let warning = SIPWarning(text) {
            precondition(SIPWarning(warning.description) != nil, "Warning written cannot be read")
        }
        if let challenge = DigestChallenge(text) {
            precondition(DigestChallenge(challenge.description) != nil, "challenge written cannot be read")
        }
        if let credentials = DigestCredentials(text) { _ = credentials.proves(ha1: "00", method: .register) }
    }
}

extension SIPLimits {
    /// Lists split one value a line grow; what we wrote ourselves is not to be refused for its size.
    fileprivate static var generous: SIPLimits {
        var limits = SIPLimits()
        limits.headerOctets *= 16
        limits.bodyOctets *= 2
        limits.fields *= 2
        return limits
    }
}

extension RequestCapabilities {
    fileprivate static let ofFuzzedElement = RequestCapabilities(
        role: .userAgent, methods: [.invite, .options], bodyTypes: ["application/sdp"],
        answerTypes: ["application/sdp"])
}
