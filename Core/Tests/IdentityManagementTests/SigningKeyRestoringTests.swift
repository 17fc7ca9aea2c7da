import IdentityManagement
import MCFoundation
import Testing

@Suite struct SigningKeyRestoringTests {
    @Test func `a key signs for its whole time, though the one before is erased`() throws {
        let day: Int64 = 86_400_000_000
        func keys(_ used: [String: UTCTime], at days: Int64) -> SigningKeys {
            SigningKeys(
                keptAfter: .seconds(3_660),
                restoring: ["b", "c"].enumerated().map { number, id in
                    (
                        SigningKey(keyID: id, parameters: .p256(x: "x", y: "y")),
                        UTCTime(microseconds: Int64(number) * 90 * day)
                    )
                }, used: used, at: UTCTime(microseconds: days * day))
        }
        // Made with the first one, taken into use after its 90 days.
        let used = ["b": UTCTime(microseconds: 90 * day)]
        #expect(keys(used, at: 179).current?.keyID == "b")
        #expect(keys(used, at: 179).next?.keyID == "c")
        #expect(keys(used, at: 179).currentSince == UTCTime(microseconds: 90 * day))
        #expect(keys(used, at: 180).current?.keyID == "c")
        #expect(keys([:], at: 179).current?.keyID == "c")
        // A withdrawal brings it forward.
        #expect(
            keys(["b": .init(microseconds: day), "c": .init(microseconds: 100 * day)], at: 101).current?.keyID == "c")
    }

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
