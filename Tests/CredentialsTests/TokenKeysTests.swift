import Credentials
import Foundation
import Testing

@Suite struct TokenKeysTests {
    private struct Claims: Codable, Hashable {
        var sub: String
        var exp: Int
    }

    private func keys(_ ids: String...) async throws -> (TokenKeys, [TokenKey]) {
        let keys = TokenKeys()
        let made = try ids.map { try TokenKey(id: $0) }
        for key in made { await keys.add(key) }
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

    @Test func `a key that was removed, or is not among those to believe, is believed no more`() async throws {
        let (keys, _) = try await keys("one", "two")
        let token = try await keys.sign(Array(#"{"sub":"a","exp":1}"#.utf8), with: "one")
        #expect(try await keys.payload(of: token, by: ["two", "one"], as: Claims.self).sub == "a")
        await #expect(throws: TokenFault.notOurs) {
            _ = try await keys.payload(of: token, by: ["two"], as: Claims.self)
        }
        await keys.remove("one")
        await #expect(throws: TokenFault.notOurs) { _ = try await keys.payload(of: token, as: Claims.self) }
    }

    @Test func `a key survives being kept`() async throws {
        let key = try TokenKey(id: "k")
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
        let key = try TokenKey(id: id)
        await keys.add(key)
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
