import Credentials
import Testing

@Suite struct PasswordVerifierTests {
    @Test(arguments: [
        ("ln=16,r=8,p=1", true), ("ln=17,r=4,p=1", true), ("ln=17,r=8,p=1", false), ("ln=20,r=32,p=1", false),
        ("ln=14,r=32,p=4", true), ("ln=15,r=32,p=1", false),
    ])
    func `a verifier asks for no more memory than is bearable`(_ cost: String, _ isBearable: Bool) {
        let text = "$scrypt$\(cost)$AAAAAAAAAAAAAAAAAAAAAA$" + String(repeating: "A", count: 43)
        #expect((PasswordVerifier(text) != nil) == isBearable)
    }

    private static let light = PasswordVerifier.Cost(logN: 4, blockSize: 8, parallelism: 1)

    @Test func `a verifier proves its password, also after it was written and read`() throws {
        let verifier = try PasswordVerifier(password: "pioggia su Genova", cost: Self.light)
        #expect(verifier.proves("pioggia su Genova"))
        #expect(!verifier.proves("pioggia su Genov"))
        #expect(!verifier.proves(""))
        let read = try #require(PasswordVerifier(verifier.text))
        #expect(read.proves("pioggia su Genova"))
        #expect(!read.proves("Pioggia su Genova"))
    }

    @Test func `two verifiers of one password differ, and neither prints what it holds`() throws {
        let first = try PasswordVerifier(password: "x", cost: Self.light)
        let second = try PasswordVerifier(password: "x", cost: Self.light)
        #expect(first.text != second.text)
        #expect("\(first)" == "PasswordVerifier(scrypt)")
        #expect(!String(reflecting: first).contains("$"))
    }

    /// RFC 7914 clause 12: the parameters there ask for more than we bear; this vector (salt NaClNaCl, p=1) was computed
    /// with Python's hashlib.scrypt.
    @Test func `scrypt is the one of the RFC`() throws {
        let verifier = try #require(
            PasswordVerifier("$scrypt$ln=10,r=8,p=1$TmFDbE5hQ2w$8wGlwXmNXS2n1KDaxmhQaPHcojxLhIixEr3YNcqC+84"))
        #expect(verifier.proves("password"))
        #expect(!verifier.proves("Password"))
    }

    @Test(arguments: [
        "", "plain", "$scrypt$", "$scrypt$ln=21,r=8,p=1$TmFDbE5hQ2w$AAAA", "$bcrypt$ln=4,r=8,p=1$TmFDbE5hQ2w$AAAA",
        "$scrypt$ln=4,r=8$TmFDbE5hQ2w$AAAA", "$scrypt$ln=4,r=8,p=x$TmFDbE5hQ2w$AAAA",
        "$scrypt$ln=4,r=8,p=1$***$AAAA", "$scrypt$ln=4,r=8,p=1$TmFDbE5hQ2w$AAAA",
    ])
    func `what is no verifier of ours is not taken for one`(_ text: String) {
        #expect(PasswordVerifier(text) == nil)
    }
}
