import SIP
import Testing

/// Caller preferences (RFC 3841) and privacy (RFC 3325).
@Suite struct PreferenceTests {
    private func headers(_ lines: String...) throws -> Headers {
        let text =
            ([
                "OPTIONS sip:a@b SIP/2.0", "Via: SIP/2.0/TCP h;branch=z9hG4bK1", "From: <sip:a@b>;tag=1",
                "To: <sip:a@b>",
            ]
            + ["Call-ID: c", "CSeq: 1 OPTIONS"] + lines + ["Content-Length: 0", "", ""]).joined(separator: "\r\n")
        guard case .request(let request) = try SIPMessage.parse(Array(text.utf8)) else { return Headers() }
        return request.headers
    }

    private func score(_ contact: String, _ lines: String...) throws -> Int? {
        let text = lines.joined(separator: "\r\n")
        return CallerPreferences(try headers(text)).score(of: try #require(NameAddress("<sip:d@h>\(contact)")))
    }

    @Test func `Request-Disposition is known in its long and its compact form`() throws {
        let headers = try headers("d: no-fork, queue", "Request-Disposition: directive")
        #expect(headers.values(.requestDisposition) == ["no-fork", "queue", "directive"])
    }

    @Test func `a device is scored by how much of what the caller wants it says of itself`() throws {
        #expect(try score(";audio;video", "Accept-Contact: *;audio;video") == 1_000)
        #expect(try score(";audio", "Accept-Contact: *;audio;video") == 500)
        #expect(try score(";audio", "Accept-Contact: *;video") == 0)
        #expect(try score(";audio", "a: *;audio", "a: *;video") == 500)
    }

    @Test func `what is required must not be contradicted, and with explicit must be said`() throws {
        #expect(try score(";audio", "Accept-Contact: *;video;require") == 0)
        #expect(try score(";audio", "Accept-Contact: *;video;require;explicit") == nil)
        #expect(try score(";audio", "Accept-Contact: *;video;explicit") == 0)
        #expect(try score(";mobility=\"fixed\"", "Accept-Contact: *;mobility=\"mobile\";require") == nil)
        #expect(try score(";mobility=\"fixed\"", "Accept-Contact: *;mobility=\"mobile\"") == 0)
        #expect(try score(";audio=\"FALSE\"", "Accept-Contact: *;audio;require") == nil)
    }

    @Test func `strings are compared with regard to case, tokens without, and ! turns a token round`() throws {
        let mcptt = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt\""
        #expect(try score(";\(mcptt)", "Accept-Contact: *;\(mcptt);require;explicit") == 1_000)
        #expect(try score(";+x=\"<Abc>\"", "Accept-Contact: *;+x=\"<abc>\";require") == nil)
        #expect(try score(";class=\"BUSINESS\"", "Accept-Contact: *;class=\"business\";require") == 1_000)
        #expect(try score(";methods=\"INVITE,BYE\"", "Accept-Contact: *;methods=\"MESSAGE, bye\";require") == 1_000)
        #expect(try score(";class=\"personal\"", "Accept-Contact: *;class=\"!business\";require") == 1_000)
        #expect(try score(";class=\"business\"", "Accept-Contact: *;class=\"!business\";require") == nil)
    }

    @Test func `a device is rejected only for what it says, and one that says nothing is immune`() throws {
        #expect(try score(";audio;video", "Reject-Contact: *;video") == nil)
        #expect(try score(";audio", "Reject-Contact: *;audio;video") == 1_000)
        #expect(try score("", "Reject-Contact: *;video") == 1_000)
        #expect(try score(";q=0.5", "Accept-Contact: *;video;require;explicit") == 1_000)
        #expect(try score(";audio;video", "j: *;audio", "a: *;video") == nil)
        #expect(try score(";audio", "Accept-Contact: broken") == 1_000)
        #expect(CallerPreferences(try headers("Accept-Contact: *")).isEmpty)
    }

    @Test(arguments: [
        ("id", false), ("header;ID;critical", false), ("none", true), ("session", true), ("identity", true),
    ])
    func `who asks for privacy of his identity is not asserted outside`(value: String, stays: Bool) throws {
        var request = SIPRequest(method: .invite, uri: SIPURI(host: "b"))
        request.headers.append(.pAssertedIdentity, "<sip:a@b>")
        request.headers.append(.privacy, value)
        guard case .request(let shown) = SIPMessage.request(request).withoutPrivateIdentity else { return }
        #expect(shown.headers.has(.pAssertedIdentity) == stays)
        #expect(shown.headers[.privacy] == value)
        var response = SIPResponse(status: 200)
        response.headers = request.headers
        guard case .response(let answered) = SIPMessage.response(response).withoutPrivateIdentity else { return }
        #expect(answered.headers.has(.pAssertedIdentity) == stays)
    }
}
