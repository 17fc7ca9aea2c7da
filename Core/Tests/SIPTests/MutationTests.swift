import MCFoundation
import SIP
import Testing

@Suite("Properties of the codec")
struct MutationTests {
    static func text(_ random: inout SeededGenerator) -> String {
        let alphabet: [Character] = [
            "a", "Z", "0", " ", "\"", "\\", ";", ",", "<", ">", "@", "%", "=", ":", "\r", "\n", "\t", "ü", "大", "\u{0}",
            "?",
        ]
        return String(
            (0..<Int.random(in: 0...12, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            })
    }

    /// A text without line breaks, which no header can hold.
    static func line(_ random: inout SeededGenerator) -> String {
        String(String.UnicodeScalarView(text(&random).unicodeScalars.filter { $0 != "\r" && $0 != "\n" }))
    }

    @Test("no value set by a service starts a header field, whatever a peer put into it")
    func injection() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            var request = SIPRequest(method: .message, uri: SIPURI(user: "a", host: "b"))
            request.headers.append(.via, "SIP/2.0/TCP h;branch=z9hG4bK1")
            let address = NameAddress(
                displayName: Self.text(&random), uri: SIPURI(user: "a", host: "b"),
                parameters: Parameters([Parameter("tag", "1"), Parameter("x", Self.text(&random))]))
            request.headers.append(.from, address.description)
            request.headers.append(.to, "<sip:a@b>")
            request.headers.append(.callID, "1")
            request.headers.append(.cseq, "1 MESSAGE")
            request.headers.append(.maxForwards, "70")
            request.headers.append(
                .warning, SIPWarning(mcpttCode: 100, text: Self.text(&random), agent: "h").description)
            request.headers.append(.subject, Self.text(&random))
            let expected = request.headers.all.map(\.name)
            guard case .request(let read) = try SIPMessage.parse(request.serialized()) else {
                Issue.record("no request")
                continue
            }
            #expect(read.headers.all.map(\.name).filter { $0 != .contentLength } == expected)
            #expect(read.headers.from?.tag == "1")
        }
    }

    @Test("a display name and a parameter value come back as they were, but for line breaks")
    func quoting() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2000 {
            let display = Self.line(&random)
            let value = Self.line(&random)
            let address = NameAddress(
                displayName: display, uri: SIPURI(user: "a", host: "b"), parameters: Parameters([Parameter("x", value)])
            )
            let read = try #require(NameAddress(address.description))
            #expect(read.displayName == display)
            #expect(read.parameters["x"] == value)
        }
    }

    @Test("a URI parameter comes back as it was, whatever is in it")
    func escaping() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let value = "v" + Self.text(&random)
            let uri = SIPURI(
                user: "a", host: "[2001:db8::1]", port: 5061, parameters: Parameters([Parameter("gr", value)]))
            let read = try #require(SIPURI(uri.description))
            #expect(read == uri)
        }
    }

    @Test("body parts come back octet for octet")
    func parts() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            let parts = (0..<Int.random(in: 1...5, using: &random)).map { number -> BodyPart in
                var headers = Headers()
                headers.append(.contentID, "<\(number)@h>")
                let octets = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                    [UInt8(13), 10, 45, 45, 98, 0, 255][Int.random(in: 0..<7, using: &random)]
                }
                return BodyPart(contentType: ContentType("application", "x-\(number)"), headers: headers, body: octets)
            }
            var request = SIPRequest(method: .message, uri: SIPURI(host: "b"))
            request.setBody(parts, boundary: "boundary7")
            #expect(request.parts == parts)
        }
    }
}

@Suite("URIs")
struct URITests {
    @Test(
        "RFC 3261 19.1.4: these are the same",
        arguments: [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x"
            ),
        ])
    func same(_ left: String, _ right: String) throws {
        let a = try #require(SIPURI(left))
        let b = try #require(SIPURI(right))
        #expect(a.isEquivalent(to: b))
        #expect(b.isEquivalent(to: a))
    }

    @Test(
        "RFC 3261 19.1.4: these are not the same",
        arguments: [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b", "sips:a@b"), ("sip:a@b;maddr=c", "sip:a@b"), ("tel:+1", "tel:+2"),
        ])
    func different(_ left: String, _ right: String) throws {
        let a = try #require(SIPURI(left))
        let b = try #require(SIPURI(right))
        #expect(!a.isEquivalent(to: b))
        #expect(!b.isEquivalent(to: a))
    }

    @Test(
        "what is no URI is none",
        arguments: [
            "", "sip:", "sip", "sip:@b", "sip:a@", "sip:a@b:", "sip:a@b:65536", "sip:a@b;", "sip:a@b;x=", "sip:a b@c",
            "sip:a@b?", "sip:a%4@b", "sip:a@[::1", "sip:a@[1]", "1sip:a", "tel:", "sip:a@b@c", "sip:ü@b", "<sip:a@b>",
            "sip:a@b" + String(repeating: ";a", count: 129),
        ])
    func malformed(_ text: String) {
        #expect(SIPURI(text) == nil)
    }
}
