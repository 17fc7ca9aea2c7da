import Foundation
import SIP
import Testing

/// The messages of RFC 4475, octet for octet.
enum Torture {
    static func octets(_ name: String) throws -> [UInt8] {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "dat", subdirectory: "Resources/rfc4475"))
        return Array(try Data(contentsOf: url))
    }

    static func request(_ name: String) throws -> SIPRequest {
        guard case .request(let request) = try SIPMessage.parse(octets(name)) else {
            throw SIPParseError(status: nil, diagnosis: "\(name) is no request")
        }
        return request
    }

    static func response(_ name: String) throws -> SIPResponse {
        guard case .response(let response) = try SIPMessage.parse(octets(name)) else {
            throw SIPParseError(status: nil, diagnosis: "\(name) is no response")
        }
        return response
    }

    static func fault(_ name: String) throws -> SIPParseError? {
        let octets = try octets(name)
        do throws(SIPParseError) {
            _ = try SIPMessage.parse(octets)
            return nil
        } catch {
            return error
        }
    }
}

/// What the codec does with a message; what an element adds stands in `RequestValidation`.
enum Treatment: Sendable, Equatable {
    case accepted
    /// Not a message: answered with this status.
    case answered(Int)
    case dropped
    /// A message; refused with this status by the inspection of the element in its role.
    case refused(Int, RequestCapabilities.Role)
}

struct TortureCase: Sendable, CustomTestStringConvertible {
    var section: String
    var name: String
    var treatment: Treatment

    var testDescription: String { "\(section) \(name)" }

    init(_ section: String, _ name: String, _ treatment: Treatment) {
        self.section = section
        self.name = name
        self.treatment = treatment
    }

    static let all = [
        TortureCase("3.1.1.1", "wsinv", .accepted),
        TortureCase("3.1.1.2", "intmeth", .refused(501, .userAgent)),
        TortureCase("3.1.1.3", "esc01", .accepted),
        TortureCase("3.1.1.4", "escnull", .accepted),
        TortureCase("3.1.1.5", "esc02", .refused(501, .userAgent)),
        TortureCase("3.1.1.6", "lwsdisp", .accepted),
        TortureCase("3.1.1.7", "longreq", .accepted),
        TortureCase("3.1.1.8", "dblreq", .accepted),
        TortureCase("3.1.1.9", "semiuri", .accepted),
        TortureCase("3.1.1.10", "transports", .accepted),
        TortureCase("3.1.1.11", "mpart01", .accepted),
        TortureCase("3.1.1.12", "unreason", .accepted),
        TortureCase("3.1.1.13", "noreason", .accepted),
        TortureCase("3.1.2.1", "badinv01", .answered(400)),
        TortureCase("3.1.2.2", "clerr", .answered(400)),
        TortureCase("3.1.2.3", "ncl", .answered(400)),
        TortureCase("3.1.2.4", "scalar02", .answered(400)),
        TortureCase("3.1.2.5", "scalarlg", .dropped),
        TortureCase("3.1.2.6", "quotbal", .answered(400)),
        TortureCase("3.1.2.7", "ltgtruri", .answered(400)),
        TortureCase("3.1.2.8", "lwsruri", .answered(400)),
        TortureCase("3.1.2.9", "lwsstart", .answered(400)),
        TortureCase("3.1.2.10", "trws", .answered(400)),
        TortureCase("3.1.2.11", "escruri", .answered(400)),
        // Date is not used by any service here, and may be ignored.
        TortureCase("3.1.2.12", "baddate", .accepted),
        TortureCase("3.1.2.13", "regbadct", .answered(400)),
        TortureCase("3.1.2.14", "badaspec", .answered(400)),
        TortureCase("3.1.2.15", "baddn", .answered(400)),
        TortureCase("3.1.2.16", "badvers", .answered(505)),
        TortureCase("3.1.2.17", "mismatch01", .answered(400)),
        TortureCase("3.1.2.18", "mismatch02", .answered(501)),
        TortureCase("3.1.2.19", "bigcode", .dropped),
        TortureCase("3.2.1", "badbranch", .accepted),
        TortureCase("3.3.1", "insuf", .answered(400)),
        TortureCase("3.3.2", "unkscm", .refused(416, .userAgent)),
        TortureCase("3.3.3", "novelsc", .refused(416, .proxy)),
        TortureCase("3.3.4", "unksm2", .refused(404, .registrar)),
        TortureCase("3.3.5", "bext01", .refused(420, .userAgent)),
        TortureCase("3.3.6", "invut", .refused(415, .userAgent)),
        // The registrar challenges again: credentials of an unknown scheme are none (see below).
        TortureCase("3.3.7", "regaut01", .accepted),
        TortureCase("3.3.8", "multi01", .answered(400)),
        TortureCase("3.3.9", "mcl01", .answered(400)),
        // Whose Via a response carries is the transaction layer's to check.
        TortureCase("3.3.10", "bcast", .accepted),
        TortureCase("3.3.11", "zeromf", .refused(483, .proxy)),
        TortureCase("3.3.12", "cparam01", .accepted),
        TortureCase("3.3.13", "cparam02", .accepted),
        TortureCase("3.3.14", "regescrt", .accepted),
        TortureCase("3.3.15", "sdp01", .refused(406, .userAgent)),
        TortureCase("3.4.1", "inv2543", .accepted),
    ]
}

@Suite("Torture messages of RFC 4475")
struct TortureTests {
    static let methods: [SIP.Method] = [.invite, .ack, .bye, .cancel, .register, .options, .message]

    static func element(_ role: RequestCapabilities.Role, answerTypes: [String] = []) -> RequestCapabilities {
        RequestCapabilities(
            role: role, methods: methods, bodyTypes: ["application/sdp", "text/plain", "application/octet-stream"],
            answerTypes: answerTypes)
    }

    @Test("all 49 messages are there")
    func completeness() {
        #expect(TortureCase.all.count == 49)
        #expect(Set(TortureCase.all.map(\.name)).count == 49)
    }

    @Test("each message gets the treatment its section asks for", arguments: TortureCase.all)
    func treatment(_ torture: TortureCase) throws {
        let fault = try Torture.fault(torture.name)
        switch torture.treatment {
        case .accepted:
            #expect(fault == nil)
            if fault == nil, case .request(let request) = try SIPMessage.parse(Torture.octets(torture.name)) {
                let role: RequestCapabilities.Role = request.method == .register ? .registrar : .userAgent
                #expect(RequestValidation.refusal(of: request, by: Self.element(role)) == nil)
            }
        case .answered(let status):
            #expect(fault?.status == status)
            #expect(fault?.partial?.headers.has(.via) == true)
        case .dropped:
            #expect(fault != nil)
            #expect(fault?.status == nil)
        case .refused(let status, let role):
            let request = try Torture.request(torture.name)
            let answerTypes = status == 406 ? ["application/sdp"] : []
            let refusal = RequestValidation.refusal(of: request, by: Self.element(role, answerTypes: answerTypes))
            #expect(refusal?.status == status)
        }
    }

    @Test("what is accepted survives writing and reading", arguments: TortureCase.all)
    func roundTrip(_ torture: TortureCase) throws {
        guard try Torture.fault(torture.name) == nil else { return }
        let message = try SIPMessage.parse(Torture.octets(torture.name))
        let octets = message.serialized()
        let again = try SIPMessage.parse(octets)
        #expect(again.serialized() == octets)
        #expect(again.body == message.body)
        #expect(again.headers.vias == message.headers.vias)
        #expect(again.headers.from == message.headers.from)
        #expect(again.headers.to == message.headers.to)
        #expect(again.headers.contacts == message.headers.contacts)
    }

    @Test("no message cut short or with one octet changed makes the codec fail", arguments: TortureCase.all)
    func damage(_ torture: TortureCase) throws {
        let octets = try Torture.octets(torture.name)
        for length in stride(from: 0, to: octets.count, by: 3) { _ = try? SIPMessage.parse(Array(octets[..<length])) }
        for index in stride(from: 0, to: octets.count, by: 5) {
            var changed = octets
            changed[index] ^= 1 << UInt8(index % 8)
            _ = try? SIPMessage.parse(changed)
        }
    }
}

@Suite("What the torture messages of RFC 4475 say")
struct TortureContentTests {
    @Test("3.1.1.1: folding, escapes and lists mean what they mean")
    func wsinv() throws {
        let request = try Torture.request("wsinv")
        let headers = request.headers
        #expect(request.uri.parameters.has("unknownparam"))
        #expect(headers.to?.tag == "1918181833n")
        #expect(headers.from?.displayName == "J Rosenberg \\\"")
        #expect(headers.integer(.maxForwards) == 68)
        #expect(headers.cseq == CSeq(9, .invite))
        #expect(headers.vias.map(\.host) == ["192.0.2.2", "spindle.example.com", "192.168.255.111"])
        #expect(headers.vias.map(\.branch) == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"])
        #expect(headers[.subject]?.isEmpty == true)
        #expect(headers[HeaderName("unknownheaderwithunusualvalue")] == ";;,,;;,;")
        #expect(headers.routes.first?.uri.parameters["unknownwith"] == "value")
        #expect(headers.contacts.first?.parameters["secondparam"]?.isEmpty == true)
        #expect(headers.contacts.first?.parameters["q"] == "0.33")
        #expect(request.body.count == 150)
    }

    @Test("3.1.1.2: every character of the grammar is read and written")
    func intmeth() throws {
        let request = try Torture.request("intmeth")
        #expect(request.method == .other("!interesting-Method0123456789_*+`.%indeed'~"))
        #expect(request.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
        #expect(request.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
        #expect(request.headers.to?.displayName == "BEL:\u{7} NUL:\u{0} DEL:\u{7f}")
        #expect(request.headers.from?.displayName == "token1~` token2'+_ token3*%!.-")
        #expect(request.headers.from?.parameters["fromParam''~+*_!.-%"] == "работающий")
        #expect(request.headers.from?.tag == "_token~1'+`*%!-.")
        #expect(request.headers.callID == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{")
        #expect(request.headers[HeaderName("EXTENSIONHEADER-!.%*+_`'~")]?.hasSuffix("大停電") == true)
        let refusal = RequestValidation.refusal(of: request, by: TortureTests.element(.userAgent))
        #expect(refusal?.headers.lists("INVITE", in: .allow) == true)
    }

    @Test("3.1.1.3: escapes are resolved once, and only where the grammar has them")
    func esc01() throws {
        let request = try Torture.request("esc01")
        #expect(request.uri.unescapedUser == "sips:user@example.com")
        #expect(request.uri.host == "example.net")
        let user = try #require(SIPURI("sip:user@example.com"))
        #expect(request.headers.to?.uri.isEquivalent(to: user) == true)
        #expect(request.headers.from?.uri.unescapedUser == "I have spaces")
        let contact = try #require(request.headers.contacts.first)
        #expect(contact.uri.unescapedUser == "caller")
        #expect(contact.uri.parameters.has("lr"))
        #expect(contact.uri.parameters["name"] == "value%41")
    }

    @Test("3.1.1.4: an escaped NUL cuts nothing off")
    func escnull() throws {
        let contacts = try Torture.request("escnull").headers.contacts
        #expect(contacts.count == 2)
        #expect(contacts[0].uri.unescapedUser == "\u{0}")
        #expect(!contacts[0].uri.isEquivalent(to: contacts[1].uri))
    }

    @Test("3.1.1.5: percent is a character of its own in methods, names and quotes")
    func esc02() throws {
        let request = try Torture.request("esc02")
        #expect(request.method == .other("RE%47IST%45R"))
        #expect(request.headers.to?.displayName == "%Z%45")
        #expect(request.headers.topVia?.branch == "z9hG4bK209%fzsnel234")
        #expect(request.headers.contacts.count == 2)
        #expect(request.headers[HeaderName("C%6Fntact")] == "<sip:alias2@host2.example.com>")
    }

    @Test("3.1.1.6: no white space is needed before the bracket")
    func lwsdisp() throws {
        #expect(try Torture.request("lwsdisp").headers.from?.displayName == "caller")
    }

    @Test("3.1.1.7: long values stay whole")
    func longreq() throws {
        let request = try Torture.request("longreq")
        #expect(request.headers.vias.count == 34)
        #expect(request.headers.vias.last?.branch?.count == 215)
        #expect(request.headers.to?.uri.port == 6000)
        #expect(request.headers.from?.tag?.count == 155)
    }

    @Test("3.1.1.8: what follows the body in a datagram is dropped; in a stream it is the next message")
    func dblreq() throws {
        let octets = try Torture.octets("dblreq")
        let request = try Torture.request("dblreq")
        #expect(request.method == .register)
        #expect(request.body.isEmpty)
        var framer = StreamFramer()
        framer.append(octets)
        var methods: [SIP.Method?] = []
        while methods.count < 2, let frame = try framer.next() {
            guard case .message(let message) = frame else { continue }
            guard case .request(let request) = try SIPMessage.parse(message) else { continue }
            methods.append(request.method)
        }
        #expect(methods == [.register, .invite])
    }

    @Test("3.1.1.9: a semicolon in the user part is no parameter")
    func semiuri() throws {
        let uri = try Torture.request("semiuri").uri
        #expect(uri.user == "user;par=u%40example.net")
        #expect(uri.parameters.items.isEmpty)
    }

    @Test("3.1.1.10: unknown transports are kept")
    func transports() throws {
        let transports = try Torture.request("transports").headers.vias.map(\.transport)
        #expect(transports == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"])
    }

    @Test("3.1.1.11: a binary body part keeps every octet")
    func mpart01() throws {
        let request = try Torture.request("mpart01")
        #expect(request.parts.count == 2)
        #expect(request.part("text/plain")?.body == Array("Hello".utf8))
        let binary = try #require(request.part("application/octet-stream"))
        #expect(binary.body.count == 342)
        #expect(binary.body.prefix(4) == [0x30, 0x82, 0x01, 0x52])
        #expect(binary.headers[HeaderName("Content-Transfer-Encoding")] == "binary")
    }

    @Test("3.1.1.12 and 3.1.1.13: a reason phrase is any UTF-8 or nothing")
    func reasons() throws {
        #expect(try Torture.response("unreason").reason == "= 2**3 * 5**2 но сто девяносто девять - простое")
        #expect(try Torture.response("noreason").reason.isEmpty)
        #expect(try Torture.response("noreason").status == 100)
    }

    @Test("3.1.2.2: on a stream the framer waits for the body that Content-Length announces")
    func clerr() throws {
        var framer = StreamFramer()
        framer.append(try Torture.octets("clerr"))
        #expect(try framer.next() == nil)
    }

    @Test(
        "3.1.2.3 and 3.3.9: on a stream a bad length ends the connection, with an answer", arguments: ["ncl", "mcl01"])
    func framingFaults(_ name: String) throws {
        var framer = StreamFramer()
        framer.append(try Torture.octets(name))
        let error = #expect(throws: SIPParseError.self) { try framer.next() }
        #expect(error?.status == 400)
        #expect(error?.partial?.headers.callID?.hasPrefix(name) == true)
        #expect(throws: SIPParseError.self) { try framer.next() }
    }

    @Test("3.3.1: the answer to an incomplete request copies what there is")
    func insuf() throws {
        let partial = try #require(try Torture.fault("insuf")?.partial)
        let response = partial.response(400)
        #expect(response.headers.topVia?.host == "192.0.2.95")
        #expect(response.headers.cseq == CSeq(193_942, .invite))
        #expect(!response.headers.has(.from))
    }

    @Test("3.3.2 to 3.3.4: unknown schemes are kept whole")
    func schemes() throws {
        #expect(
            try Torture.request("unkscm").uri == SIPURI(scheme: "nobodyknowsthisscheme", opaque: "totallyopaquecontent")
        )
        #expect(try Torture.request("novelsc").uri.description == "soap.beep://192.0.2.103:3002")
        let headers = try Torture.request("unksm2").headers
        #expect(headers.to?.uri.schemeName == "isbn")
        #expect(headers.from?.uri.schemeName == "http")
        #expect(headers.contacts.first?.uri.schemeName == "name")
    }

    @Test("3.3.5: the extensions refused are named")
    func bext01() throws {
        let request = try Torture.request("bext01")
        let server = RequestValidation.refusal(of: request, by: TortureTests.element(.userAgent))
        #expect(server?.headers.values(.unsupported) == ["nothingSupportsThis", "nothingSupportsThisEither"])
        let proxy = RequestValidation.refusal(of: request, by: TortureTests.element(.proxy))
        #expect(proxy?.status == 420)
        #expect(proxy?.headers.values(.unsupported) == ["noProxiesSupportThis", "norDoAnyProxiesSupportThis"])
    }

    @Test("3.3.6: the media types read are named")
    func invut() throws {
        let refusal = RequestValidation.refusal(
            of: try Torture.request("invut"), by: TortureTests.element(.userAgent))
        #expect(refusal?.headers.lists("application/sdp", in: .accept) == true)
    }

    @Test("3.3.7: credentials of an unknown scheme are none")
    func regaut01() throws {
        let value = try #require(try Torture.request("regaut01").headers[.authorization])
        #expect(DigestCredentials(value) == nil)
    }

    @Test("3.3.12 to 3.3.14: brackets decide whose a parameter is")
    func contactParameters() throws {
        let outside = try #require(try Torture.request("cparam01").headers.contacts.first)
        #expect(outside.parameters.has("unknownparam"))
        #expect(outside.uri.parameters.items.isEmpty)
        let inside = try #require(try Torture.request("cparam02").headers.contacts.first)
        #expect(inside.parameters.items.isEmpty)
        #expect(inside.uri.parameters.has("unknownparam"))
        let escaped = try #require(try Torture.request("regescrt").headers.contacts.first)
        #expect(escaped.uri.headers == "Route=%3Csip:sip.example.com%3E")
    }

    @Test("3.4.1: an old request gets what it lacks")
    func inv2543() throws {
        let request = try Torture.request("inv2543")
        #expect(request.headers.integer(.maxForwards) == 70)
        #expect(request.headers.from?.tag == nil)
        #expect(request.headers.topVia?.branch == nil)
        #expect(request.body.count == 105)
    }
}
