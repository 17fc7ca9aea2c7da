import SIP
import Testing

@Suite("Parsing of messages")
struct MessageParsingTests {
    static let invite = """
        INVITE sip:mcptt-participating@system.example;transport=tls SIP/2.0
        Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK776asdhds;rport, SIP/2.0/TCP [2001:db8::1]
        Max-Forwards: 70
        f: "Alice \\"A\\" O'Neil" <sip:alice@system.example;user=phone?Subject=x>;tag=1928301774
        t: <sip:bob@system.example>
        i: a84b4c76e66710@192.0.2.1
        CSeq: 314159 INVITE
        Contact: <sip:alice@192.0.2.1:5061;gr=urn%3Auuid%3Af81d4fae>;+g.3gpp.mcptt;require;explicit
        Accept-Contact: *;+g.3gpp.mcptt;require;explicit,
         *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt";require;explicit
        Supported: timer, 100rel
        Content-Type: application/sdp
        Content-Length: 5

        v=0

        """.replacing("\n", with: "\r\n")

    @Test("an INVITE with compact names, folding and lists is read and split")
    func invite() throws {
        guard case .request(let request) = try SIPMessage.parse(Array(Self.invite.utf8)) else {
            Issue.record("no request")
            return
        }
        #expect(request.method == .invite)
        #expect(request.uri.parameters["transport"] == "tls")
        #expect(request.headers.vias.map(\.host) == ["192.0.2.1", "[2001:db8::1]"])
        #expect(request.headers.topVia?.parameters["rport"] == "")
        #expect(request.headers.from?.displayName == "Alice \"A\" O'Neil")
        #expect(request.headers.from?.tag == "1928301774")
        #expect(request.headers.from?.uri.headers == "Subject=x")
        #expect(request.headers.contacts.first?.uri.parameters["gr"] == "urn:uuid:f81d4fae")
        #expect(request.headers.values(.acceptContact).count == 2)
        #expect(request.headers.lists("100REL", in: .supported))
        #expect(request.body == Array("v=0\r\n".utf8))
        #expect(request.part("application/sdp")?.body == request.body)
    }

    @Test("what is written reads back as the same message")
    func roundTrip() throws {
        let first = try SIPMessage.parse(Array(Self.invite.utf8))
        let octets = first.serialized()
        let second = try SIPMessage.parse(octets)
        #expect(second.serialized() == octets)
        #expect(second.headers.contacts == first.headers.contacts)
        #expect(second.headers.vias == first.headers.vias)
    }
}
