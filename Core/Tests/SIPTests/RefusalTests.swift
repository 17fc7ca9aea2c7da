import SIP
import Testing

@Suite("What the parser refuses")
struct RefusalTests {
    static func text(
        _ line: String = "INVITE sip:a@b SIP/2.0", adding: [String] = [], leavingOut: String? = nil
    ) -> [UInt8] {
        let method = line.split(separator: " ").first.map(String.init) ?? ""
        let fields = [
            "Via: SIP/2.0/TCP h;branch=z9hG4bK1", "From: <sip:a@b>;tag=1", "To: <sip:c@d>", "Call-ID: 1",
            "CSeq: 1 \(line.hasPrefix("SIP") ? "INVITE" : method)", "Max-Forwards: 70",
        ].filter { field in leavingOut.map { !field.hasPrefix($0 + ":") } ?? true }
        return Array(([line] + fields + adding).map { $0 + "\r\n" }.joined().utf8) + [13, 10]
    }

    static func fault(_ octets: [UInt8], limits: SIPLimits = SIPLimits()) -> SIPParseError? {
        do throws(SIPParseError) {
            _ = try SIPMessage.parse(octets, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test("the message all others are made of is accepted")
    func baseline() {
        #expect(Self.fault(Self.text()) == nil)
        #expect(Self.fault(Self.text("SIP/2.0 200 OK")) == nil)
        #expect(Self.fault(Self.text("SIP/2.0 200")) == nil)
    }

    @Test("a request without a mandatory field is answered with 400", arguments: ["From", "To", "Call-ID", "CSeq"])
    func mandatory(_ name: String) {
        #expect(Self.fault(Self.text(leavingOut: name))?.status == 400)
        #expect(Self.fault(Self.text("SIP/2.0 200 OK", leavingOut: name))?.status == nil)
        #expect(Self.fault(Self.text("SIP/2.0 200 OK", leavingOut: name)) != nil)
    }

    @Test("without Via there is nobody to answer")
    func withoutVia() {
        let fault = Self.fault(Self.text(leavingOut: "Via"))
        #expect(fault != nil)
        #expect(fault?.status == nil)
    }

    @Test("ACK is never answered")
    func ack() {
        let fault = Self.fault(Self.text("ACK sip:a@b SIP/2.0", leavingOut: "From"))
        #expect(fault != nil)
        #expect(fault?.status == nil)
    }

    @Test(
        "fields that stand once must stand once",
        arguments: [
            "From: <sip:a@b>;tag=1", "t: <sip:c@d>", "i: 2", "CSeq: 1 INVITE", "Max-Forwards: 70",
            "Content-Length: 0\r\nl: 0", "Expires: 1\r\nExpires: 1", "c: text/plain\r\nContent-Type: text/plain",
        ])
    func repeated(_ field: String) {
        #expect(Self.fault(Self.text(adding: [field]))?.status == 400)
    }

    @Test(
        "malformed values are answered with 400",
        arguments: [
            "Contact: <sip:a@b", "Contact: *, <sip:a@b>", "Contact: ,<sip:a@b>", "Route: <sip:a@b>,",
            "Route: sip:a@b?x=y",
            "v: SIP/2.0 h", "v: SIP/3.0/TCP h", "v: SIP/2.0/TCP h:99999", "v: SIP/2.0/TCP h;branch=a;branch=b",
            "Expires: x", "Expires: 4294967296", "Content-Length: 1", "Content-Length: -1", "Content-Type: text",
            "no colon here", ": no name", "Subject: a\rb", "Subject: a\nb", "Supported: \"x",
            "Refer-To: <sip:a@b>;tag=1;tag=2",
        ])
    func malformed(_ field: String) {
        #expect(Self.fault(Self.text(adding: [field]))?.status == 400)
    }

    @Test(
        "lists may be empty where RFC 3261 says so, and hold commas in quotes and brackets",
        arguments: [
            ("Supported:", ["" as String]), ("Supported: a,,b", ["a", "b"]), ("Accept: ", [""]),
            ("Warning: 399 h \"a, b\",399 h \"c\"", ["399 h \"a, b\"", "399 h \"c\""]),
            ("Reason: SIP;cause=200;text=\"x,y\"", ["SIP;cause=200;text=\"x,y\""]),
            ("Record-Route: <sip:a,b@c;lr>, <sip:d>", ["<sip:a,b@c;lr>", "<sip:d>"]),
            ("Date: Sat, 13 Nov 2010 23:29:00 GMT", ["Sat, 13 Nov 2010 23:29:00 GMT"]),
            ("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"", ["Digest realm=\"a\", nonce=\"b\""]),
        ])
    func lists(_ field: String, _ values: [String]) throws {
        let message = try SIPMessage.parse(Self.text(adding: [field]))
        let name = HeaderName(String(field.prefix { $0 != ":" }))
        #expect(message.headers.values(name) == values)
    }

    @Test("every size has its bound and its answer")
    func limits() {
        var limits = SIPLimits()
        limits.uriOctets = 10
        #expect(Self.fault(Self.text("INVITE sip:aaaaaaaaa@b SIP/2.0"), limits: limits)?.status == 414)
        limits = SIPLimits()
        limits.bodyOctets = 10
        let body =
            Self.text(adding: ["Content-Type: text/plain", "Content-Length: 11"]) + [UInt8](repeating: 65, count: 11)
        #expect(Self.fault(body, limits: limits)?.status == 413)
        #expect(Self.fault(body) == nil)
        limits = SIPLimits()
        limits.fields = 8
        #expect(Self.fault(Self.text(adding: ["Allow: a, b, c"]), limits: limits)?.status == 513)
        #expect(Self.fault(Self.text(adding: ["Allow: a, b"]), limits: limits) == nil)
        limits = SIPLimits()
        limits.headerOctets = 200
        #expect(
            Self.fault(Self.text(adding: ["Subject: " + String(repeating: "a", count: 200)]), limits: limits) != nil)
        limits.headerOctets = 4
        #expect(Self.fault(Self.text(), limits: limits) != nil)
    }

    @Test(
        "a multipart body must hold what its header says",
        arguments: [
            ("multipart/mixed", "--b\r\n\r\nx\r\n--b--"), ("multipart/mixed;boundary=b", "x"),
            ("multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b"), ("multipart/mixed;boundary=b", "--b--"),
            ("multipart/mixed;boundary=b", "--b\r\nContent-Type: nothing\r\n\r\nx\r\n--b--"),
            ("multipart/mixed;boundary=b", "--b\r\nno header\r\n\r\nx\r\n--b--"),
        ])
    func multiparts(_ type: String, _ body: String) {
        let octets = Self.text(adding: ["Content-Type: \(type)"]) + Array(body.utf8)
        #expect(Self.fault(octets)?.status == 400)
    }
}
