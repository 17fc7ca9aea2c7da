import MCFoundation
import Testing

struct SeededGeneratorTests {
    @Test func `the same seed gives the same sequence and another seed another`() {
        func sequence(_ seed: UInt64) -> [UInt64] {
            var generator = SeededGenerator(seed: seed)
            return (0..<40).map { _ in generator.next() }
        }
        #expect(sequence(1) == sequence(1))
        #expect(sequence(1) != sequence(2))
        #expect(Set(sequence(1)).count == 40)
    }

    @Test func `a fork has a sequence of its own and moves the parent on`() {
        var parent = SeededGenerator(seed: 7)
        var twin = SeededGenerator(seed: 7)
        var child = parent.fork()
        #expect(child.next() != parent.next())
        _ = (0..<4).map { _ in twin.next() }
        #expect(twin.next() != parent.next())
    }

    @Test func `tokens use only letters and digits of any SIP token`() {
        var generator = SeededGenerator(seed: 3)
        let token = generator.token(200)
        #expect(token.count == 200)
        #expect(token.allSatisfy { ("a"..."z").contains($0) || ("2"..."9").contains($0) })
    }
}

struct TimeTests {
    @Test func `adding to an instant saturates`() {
        #expect(Instant(nanoseconds: .max) + .seconds(1) == .distantFuture)
        #expect(Instant(nanoseconds: 5) + .seconds(Int64.max) == .distantFuture)
        #expect(Instant.zero + .milliseconds(1_500) == Instant(nanoseconds: 1_500_000_000))
        #expect(Instant(nanoseconds: 9) - Instant(nanoseconds: 4) == .nanoseconds(5))
    }
}

struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::", "::"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
        ("fe80:0:0:0:0:0:0:0", "fe80::"),
    ])
    func `an address is read and written in its canonical form`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.+4", ":::", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7",
    ])
    func `what is no address gives nil`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `IPv6 stands in brackets before a port`() {
        #expect(IPAddress("::1").map { SocketAddress($0, port: 5060).description } == "[::1]:5060")
    }
}

struct IdentityTests {
    @Test func `the domain of an identity is what follows the at sign`() {
        #expect(MCPTTID("sip:rossi@IT.Example;x=1").domain == "it.example")
        #expect(MCPTTGroupID("sip:flood@it.example:5061").domain == "it.example")
        #expect(MCPTTID("tel:+39010").domain == nil)
        #expect(MCPTTID("sip:x@").domain == nil)
    }

    @Test func `what is redacted prints a stable mark and not the value`() {
        let one = Redacted(MCPTTID("sip:rossi@it.example"))
        #expect(!one.description.contains("rossi"))
        #expect(one.description == Redacted(MCPTTID("sip:rossi@it.example")).description)
        #expect(one.description.count == 7)
    }

    @Test func `the stable hash is FNV-1a`() {
        #expect(StableHash.of("") == 0xcbf2_9ce4_8422_2325)
        #expect(StableHash.of("a") == 0xaf63_dc4c_8601_ec8c)
        #expect(StableHash.of("foobar") == 0x8594_4171_f739_67e8)
        // The same of octets that lie side by side, that do not, and that come in pieces.
        var (whole, apart, pieces) = (StableHash(), StableHash(), StableHash())
        whole.combine(bytes: Array("foobar".utf8))
        apart.combine(bytes: "foobar".utf8.lazy.map { $0 })
        for piece in ["foo", "", "bar"] { pieces.combine(bytes: piece.utf8) }
        #expect([whole.value, apart.value, pieces.value] == Array(repeating: 0x8594_4171_f739_67e8, count: 3))
    }
}
