import IdentityManagement
import MCFoundation
import Testing

@Suite struct SigningKeyRestoringTests {
    private let day = Int64(86_400_000_000)

    private func key(_ id: String) -> SigningKey { SigningKey(keyID: id, parameters: .p256(x: id, y: id)) }
    private func at(_ days: Int64) -> UTCTime { UTCTime(microseconds: days * day) }

    private func restored(_ made: [(String, Int64)], at days: Int64) -> SigningKeys {
        SigningKeys(
            keptAfter: .seconds(3_600), restoring: made.map { (key: key($0.0), made: at($0.1)) }, at: at(days))
    }

    @Test func `a process that starts again signs with the key of the one before`() {
        let keys = restored([("next", 0), ("first", 0)].reversed(), at: 0)
        #expect(keys.current == key("first"))
        #expect(keys.next == key("next"))
        #expect(!keys.needsKey)
    }

    @Test func `keys that took over while nobody ran sign, older ones are believed until their tokens ended`() {
        let keys = restored([("a", 0), ("b", 10), ("c", 89)], at: 90)
        #expect(keys.current == key("b"))
        #expect(keys.next == key("c"))
        #expect(keys.previous == [key("a")])
        #expect(restored([("a", 0), ("b", 10), ("c", 89)], at: 91).previous.isEmpty)
        #expect(restored([("a", 0), ("b", 10), ("c", 89)], at: 180).current == key("c"))
    }

    @Test func `a restored key is taken into use and retired as if the process had never ended`() {
        var keys = restored([("a", 0), ("b", 0)], at: 1)
        #expect(keys.current == key("a"))
        let early = keys.advance(at: at(89))
        let due = keys.advance(at: at(90))
        #expect(!early && due)
        #expect(keys.current == key("b"))
    }

    @Test func `without keys there is nothing to restore`() {
        #expect(restored([], at: 5).needsKey)
    }
}
