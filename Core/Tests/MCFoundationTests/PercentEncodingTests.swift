import MCFoundation
import Testing

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("sip:anna@it.example", "", "sip%3Aanna%40it.example"), ("a-._~z", "", "a-._~z"),
        ("100 % à", "", "100%20%25%20%C3%A0"),
        ("a/b&c", "/", "a/b%26c"), ("", "", ""),
    ])
    func `what is not kept is escaped, octet by octet, and comes back`(text: String, kept: String, encoded: String) {
        #expect(PercentEncoding.encode(text, keeping: kept) == encoded)
        #expect(PercentEncoding.decode(encoded.utf8) == text)
    }

    @Test(arguments: ["%", "%4", "%4g", "%%41", "%ff", "%C3", "a%"])
    func `what is no escape, or no UTF-8 afterwards, is none`(text: String) {
        #expect(PercentEncoding.decode(text.utf8) == nil)
    }

    @Test func `a plus sign is a blank in forms only`() {
        #expect(PercentEncoding.decode("a+b%2B".utf8) == "a+b+")
        #expect(PercentEncoding.decode("a+b%2b".utf8, isForm: true) == "a b+")
        #expect(PercentEncoding.form([("a b", "c&d"), ("e", "=")]) == "a%20b=c%26d&e=%3D")
    }

    @Test(arguments: [("%41%4", "A%4"), ("%", "%"), ("100%", "100%"), ("%zz%7a", "%zzz"), ("a%C3", "a\u{fffd}")])
    func `where it is not known whether it is encoded, what is no escape stays`(text: String, decoded: String) {
        #expect(String(decoding: PercentEncoding.decodeWhatIs(Array(text.utf8)), as: UTF8.self) == decoded)
    }
}
