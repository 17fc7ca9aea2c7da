import Credentials
import Foundation
import Testing

@Suite struct PasswordVerifierTests {
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

@Suite struct TokenKeysTests {
    private struct Claims: Codable, Hashable {
        var sub: String
        var exp: Int
    }

    private func keys(_ ids: String...) async throws -> (TokenKeys, [TokenKey]) {
        let keys = TokenKeys()
        let made = ids.map { TokenKey(id: $0) }
        for key in made { try await keys.add(key) }
        return (keys, made)
    }

    @Test func `what one key signs is believed as it was signed, octet for octet`() async throws {
        let (keys, _) = try await keys("one", "two")
        let payload = Array(#"{"sub":"sip:anna@mc.it.example","exp":4}"#.utf8)
        let token = try await keys.sign(payload, with: "two")
        #expect(try await keys.payload(of: token, as: Claims.self) == Claims(sub: "sip:anna@mc.it.example", exp: 4))
        let middle = token.split(separator: ".")[1]
        #expect(
            Data(base64Encoded: String(middle) + String(repeating: "=", count: -middle.utf8.count & 3)) == Data(payload)
        )
    }

    @Test func `a key that was removed is believed no more`() async throws {
        let (keys, _) = try await keys("one", "two")
        let token = try await keys.sign(Array(#"{"sub":"a","exp":1}"#.utf8), with: "one")
        await keys.remove("one")
        await #expect(throws: TokenFault.notOurs) { _ = try await keys.payload(of: token, as: Claims.self) }
    }

    @Test func `a key survives being kept`() async throws {
        let key = TokenKey(id: "k")
        let again = try TokenKey(id: "k", pem: key.pem)
        #expect(again.publicCoordinates == key.publicCoordinates)
        #expect(key.publicCoordinates.x.count == 32)
        #expect("\(key)" == "TokenKey(k)")
        #expect(!String(reflecting: key).contains("PRIVATE"))
    }

    @Test func `tokens that were forged, changed or signed by less are not ours`() async throws {
        let (keys, _) = try await keys("one")
        let (foreign, _) = try await keys_("one")
        let payload = Array(#"{"sub":"a","exp":1}"#.utf8)
        let token = try await keys.sign(payload, with: "one")
        var parts = token.split(separator: ".").map(String.init)
        func base64(_ text: String) -> String {
            Data(text.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
                .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        }
        let forged = try await foreign.sign(payload, with: "one")
        let none = base64(#"{"alg":"none","typ":"JWT","kid":"one"}"#) + "." + parts[1] + "."
        let hmac = base64(#"{"alg":"HS256","typ":"JWT","kid":"one"}"#) + "." + parts[1] + "." + parts[2]
        parts[1] = base64(#"{"sub":"b","exp":1}"#)
        let changed = parts.joined(separator: ".")
        for bad in [forged, none, hmac, changed] {
            await #expect(throws: TokenFault.notOurs, "\(bad)") { _ = try await keys.payload(of: bad, as: Claims.self) }
        }
    }

    private func keys_(_ id: String) async throws -> (TokenKeys, TokenKey) {
        let keys = TokenKeys()
        let key = TokenKey(id: id)
        try await keys.add(key)
        return (keys, key)
    }

    @Test(arguments: ["", "a", "a.b", "a.b.c", "....", "=.=.="])
    func `what is no token is refused`(_ text: String) async throws {
        let (keys, _) = try await keys_("one")
        await #expect(throws: TokenFault.self) { _ = try await keys.payload(of: text, as: Claims.self) }
        let long = String(repeating: "a", count: 9_000)
        await #expect(throws: TokenFault.malformed) { _ = try await keys.payload(of: long, as: Claims.self) }
    }
}
