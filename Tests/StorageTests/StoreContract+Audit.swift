import Administration
import MCFoundation
import Storage
import Testing

/// What every engine owes to the audit log.
extension StoreContract {
    @Test(arguments: Engine.allCases)
    func `audit rows continue the head that their maker is told`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (one, other) = (try ground.open(), try ground.open())
            #expect(try one.auditHead() == AuditHead(sequence: 0, hash: []))
            try one.put([.put("a", "1")]) { head in
                #expect(head == AuditHead(sequence: 0, hash: []))
                return AuditAddition(rows: [Log.row(1), Log.row(2)])
            }
            try other.put([]) { head in
                #expect(head == AuditHead(sequence: 2, hash: Log.row(2).hash))
                return AuditAddition(rows: [Log.row(3)])
            }
            let page = try one.audit(from: 1, limit: 9)
            #expect(page.rows == [Log.row(1), Log.row(2), Log.row(3)])
            #expect(page.head == AuditHead(sequence: 3, hash: Log.row(3).hash))
        }
    }

    @Test(arguments: Engine.allCases)
    func `a row that does not continue the log takes the whole commit with it`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([], audit: Log.next(["Anne"]))
            let wrong: [AuditAddition] = [
                AuditAddition(rows: [Log.row(1)]),
                AuditAddition(rows: [Log.row(3)]),
                AuditAddition(rows: [Log.row(2), Log.row(2)]),
                AuditAddition(rows: [Log.row(2)], personal: [Log.value(1, 5, "late")]),
                AuditAddition(rows: [Log.row(2)], personal: [Log.value(3, 0, "early")]),
                AuditAddition(rows: [Log.row(2)], personal: [Log.value(2, 0, "a"), Log.value(2, 0, "b")]),
                AuditAddition(seals: [Log.seal(2, key: "k")]),
                AuditAddition(seals: [Log.seal(1, key: "k"), Log.seal(1, key: "k")]),
            ]
            for addition in wrong {
                #expect(try code { try store.put([.put("a", "1")], audit: { _ in addition }) } == .invalid)
            }
            #expect(try store.sequence() == 0)
            let page = try store.audit(from: 1, limit: 9)
            #expect(page.rows == [Log.row(1)])
            #expect(page.personal == [Log.value(1, 0, "Anne")])
            #expect(page.seals == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `pages give rows with what belongs to them`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            for number in 1...6 { try store.put([], audit: Log.next(["p\(number)", "q"], at: Int64(number * 10))) }
            try store.put([]) { _ in AuditAddition(seals: [Log.seal(4, key: "one"), Log.seal(4, key: "two")]) }
            let page = try store.audit(from: 3, limit: 2)
            #expect(page.rows.map(\.sequence) == [3, 4])
            #expect(page.rows.map(\.at.microseconds) == [30, 40])
            #expect(page.personal.map(\.value) == ["p3", "q", "p4", "q"])
            #expect(page.personal.map(\.field.index) == [0, 1, 0, 1])
            #expect(page.seals == [Log.seal(4, key: "one"), Log.seal(4, key: "two")])
            #expect(try store.strandedSeals() == [])
            #expect(page.head.sequence == 6)
            #expect(try store.audit(from: 0, limit: 9).rows.count == 6)
            #expect(try store.audit(from: 7, limit: 9).rows == [])
            #expect(try store.audit(from: .max, limit: 9).rows == [])
            #expect(try store.audit(from: 1, limit: -1).rows == [])
            let period = UTCTime(microseconds: 20)..<UTCTime(microseconds: 50)
            let some = try store.audit(from: 1, limit: 9, during: period)
            #expect(some.rows.map(\.sequence) == [2, 3, 4])
            #expect(some.personal.count == 6)
            #expect(try store.audit(from: 3, limit: 1, during: period).rows.map(\.sequence) == [3])
        }
    }

    @Test(arguments: Engine.allCases)
    func `personal values leave together with the row that says so`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([], audit: Log.next(["Anne", "Bruno"]))
            let fields = [0, 7].map { AuditField(sequence: 1, index: $0) }
            // The row before the erasure is refused: nothing is erased.
            let refused = try code {
                try store.put([]) { _ in AuditAddition(rows: [Log.row(9)], erased: fields) }
            }
            #expect(refused == .invalid)
            #expect(try store.audit(from: 1, limit: 9).personal.map(\.value) == ["Anne", "Bruno"])
            try store.put([]) { _ in AuditAddition(rows: [Log.row(2)], erased: fields) }
            let page = try store.audit(from: 1, limit: 9)
            #expect(page.rows == [Log.row(1), Log.row(2)])
            #expect(page.personal.map(\.value) == ["Bruno"])
            #expect(try store.check() == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `values are kept to the octet`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            let hostile = [
                "", "a\0b", "'); DROP TABLE audit; --", "\u{202e}\r\n", String(repeating: "é", count: 1_000),
            ]
            try store.put([.put("'; --", "a\0b")], audit: Log.next(hostile))
            #expect(try store.audit(from: 1, limit: 9).personal.map(\.value) == hostile)
            #expect(try store.bodies() == ["'; --": "a\0b"])
        }
    }

    @Test func `a personal value does not print`() {
        let value = Log.value(1, 0, "Anne")
        for text in ["\(value)", String(reflecting: value), "\([value])", dumped(value)] {
            #expect(!text.contains("Anne"))
            #expect(!text.contains("9, 0, 9"))
        }
    }

    private func dumped(_ value: AuditPersonalRow) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }
}
