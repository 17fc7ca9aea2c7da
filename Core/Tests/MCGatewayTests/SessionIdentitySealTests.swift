import MCGateway
import Testing

@Suite struct SessionIdentitySealTests {
    private func seal(_ key: UInt8) throws -> SessionIdentitySeal {
        SessionIdentitySeal(key: try #require(SessionIdentityKey(Array(repeating: key, count: 32))))
    }

    @Test func everyTextComesBackAndTheSameTextGivesTheSameToken() throws {
        let seal = try seal(1)
        for length in [0, 1, 2, 3, 31, 32, 33, 200, 1_024] {
            let text = String(repeating: "x", count: length)
            if length == 0 {
                // Nothing is nothing to hide.
                #expect(seal.seal(text).flatMap { seal.open($0) } == nil)
                continue
            }
            let token = try #require(seal.seal(text))
            #expect(seal.open(token) == text)
            #expect(seal.seal(text) == token)
            #expect(
                token.utf8.allSatisfy {
                    $0 == 45 || $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                })
        }
    }

    @Test func anotherProcessWithTheKeyReadsItAndOneWithoutDoesNot() throws {
        let token = try #require(try seal(1).seal("sip:controlling@10.0.0.1"))
        #expect(try seal(1).open(token) == "sip:controlling@10.0.0.1")
        #expect(try seal(2).open(token) == nil)
    }

    @Test func noCharacterCanBeChanged() throws {
        let seal = try seal(1)
        let token = Array(try #require(seal.seal("sip:mcptt-controlling-group@it.example;gr=abc")).utf8)
        for index in token.indices {
            var forged = token
            forged[index] = forged[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(seal.open(String(decoding: forged, as: UTF8.self)) == nil)
        }
        #expect(seal.open(String(decoding: token.dropLast(), as: UTF8.self)) == nil)
    }

    @Test func whatIsTooLongIsNotSealed() throws {
        #expect(try seal(1).seal(String(repeating: "x", count: 1_025)) == nil)
    }

    @Test func aShortKeyIsNone() {
        #expect(SessionIdentityKey(Array(repeating: 1, count: 31)) == nil)
    }
}
