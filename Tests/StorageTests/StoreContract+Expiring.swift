import Administration
import MCFoundation
import Storage
import Testing

/// What every engine owes of what is kept until a time.
extension StoreContract {
    private func expiring(_ key: String, _ body: String, until: Int64, kind: String = "login") -> ExpiringRecord {
        ExpiringRecord(
            StoredRecord(kind: kind, key: key, body: Array(body.utf8)), until: UTCTime(microseconds: until))
    }

    private func at(_ microseconds: Int64) -> UTCTime { UTCTime(microseconds: microseconds) }

    @Test(arguments: Engine.allCases)
    func `what expires is there until its time, over a new beginning too`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            let (a, b, c) = (
                expiring("a", "1", until: 10), expiring("b", "2", until: 20), expiring("é", "", until: 30, kind: "k")
            )
            try store.keep([.put(b), .put(a), .put(c)], at: at(1))
            #expect(try store.expiring(at: at(9)) == [c, a, b])
            #expect(try store.expiring(at: at(10)) == [c, b])
            let longer = expiring("b", "3", until: 40)
            try store.keep([.put(longer), .delete(kind: "k", key: "é"), .delete(kind: "k", key: "none")], at: at(10))
            try store.close()
            let after = try ground.open()
            // What ended is forgotten, whatever the clock says later.
            #expect(try after.expiring(at: at(1)) == [longer])
            #expect(try after.check() == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `what expires takes no number, and stands beside records of the same name`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (store, other) = (try ground.open(), try ground.open())
            try store.put([.put("a", "1", kind: "login")])
            let seen = try other.changed()
            try store.keep([.put(expiring("a", "2", until: 10))], at: at(1))
            #expect(try store.sequence() == 1)
            #expect(try store.commits(after: 0, limit: 9).count == 1)
            #expect(try store.bodies() == ["a": "1"])
            #expect(try other.expiring(at: at(1)).map(\.record.body) == [Array("2".utf8)])
            // Another handle may look for commits and find none.
            if try other.changed() != seen { #expect(try other.commits(after: 1, limit: 9) == []) }
        }
    }

    @Test(arguments: Engine.allCases)
    func `changes of what expires are kept together or not at all`(_ engine: Engine) throws {
        try engine.onGround { ground in
            var limits = StoreLimits()
            limits.bodyOctets = 4
            let store = try ground.open("store", limits: limits)
            #expect(
                try code {
                    try store.keep(
                        [.put(expiring("a", "1", until: 9)), .put(expiring("b", "12345", until: 9))], at: at(1))
                } == .invalid)
            #expect(try code { try store.keep([.put(expiring("", "1", until: 9))], at: at(1)) } == .invalid)
            #expect(try store.expiring(at: at(1)) == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `a backup holds nothing that expires`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")])
            try store.keep([.put(expiring("a", "secret", until: 1_000))], at: at(1))
            try store.backup(to: ground.path("backup"))
            #expect(try store.expiring(at: at(1)).count == 1)
            try store.close()
            try ground.restore("backup", to: "store")
            let after = try ground.open()
            #expect(try after.expiring(at: at(1)) == [])
            #expect(try after.bodies() == ["a": "1"])
            #expect(try after.check() == [])
        }
    }

    @Test func `what expires does not print`() {
        let record = expiring("a", "secret", until: 5)
        #expect(!"\(record)".contains("secret") && !String(reflecting: record).contains("secret"))
    }
}
