import SIP
import Testing

@Suite struct WarningTests {
    @Test(arguments: ["399 it.example \"138 not permitted\"", "005 x \"a\"", "099 x \"\"", "000 x:5060 \"\\\"\""])
    func `a warning has three digits, and is written as it was read`(text: String) throws {
        #expect(try #require(SIPWarning(text)).description == text)
    }

    @Test(arguments: [
        "39 x \"a\"", "3999 x \"a\"", "399 \"a\"", "399 x a", "399 x \"a", "399 x \"a\" b", "399 x \"a\nb\"",
        "399 x \"a\\\rb\"", "",
    ])
    func `what is no warning is none`(text: String) {
        #expect(SIPWarning(text) == nil)
    }
}
