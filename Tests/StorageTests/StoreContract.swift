import Administration
import Foundation
import MCFoundation
import Storage
import Testing

/// What every engine owes to whoever decides on top of it: records and commits.
struct StoreContract {
    struct Refused: Error {}

    @Test(arguments: Engine.allCases)
    func `commits are numbered from 1, and contents are in the order of octets`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            #expect(try store.contents() == StoreContents(sequence: 0, records: []))
            let first = try store.put([.put("b", "1"), .put("a", "2"), .put("é", "3"), .put("e\u{301}", "4")])
            #expect(first?.sequence == 1)
            #expect(first?.at == UTCTime(microseconds: 1_000))
            let second = try store.put([.put("g", "5", kind: "group"), .put("b", ""), .delete("a"), .delete("none")])
            #expect(second?.sequence == 2)
            let contents = try store.contents()
            #expect(contents.sequence == 2)
            // By octets, composed and decomposed letters are two keys.
            #expect(
                contents.records.map { Array($0.record.key.utf8) } == [
                    Array("g".utf8), Array("b".utf8), [0x65, 0xcc, 0x81], [0xc3, 0xa9],
                ])
            #expect(contents.records.map(\.sequence) == [2, 2, 1, 1])
            #expect(contents.records[1].record.body == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `of several changes of a record in one commit the last counts`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([.put("a", "1"), .delete("a"), .put("a", "2"), .put("b", "1"), .delete("b")])
            #expect(try store.bodies() == ["a": "2"])
        }
    }

    @Test(arguments: Engine.allCases)
    func `a decision that throws keeps nothing, and its error arrives`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")], audit: Log.next())
            #expect(throws: Refused.self) {
                try store.write(after: 1, at: UTCTime(microseconds: 2)) { _ -> StoreDecision<Int> in throw Refused() }
            }
            // The audit rows are made last: their failure undoes the changes too.
            #expect(throws: Refused.self) { try store.put([.put("a", "2")], audit: { _ in throw Refused() }) }
            #expect(try store.bodies() == ["a": "1"])
            #expect(try store.sequence() == 1)
            #expect(try store.auditHead().sequence == 1)
        }
    }

    @Test(arguments: Engine.allCases)
    func `a decision without changes takes no number and gives its result`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            let outcome = try store.write(after: 0, at: UTCTime(microseconds: 2)) { _ in
                StoreDecision(audit: Log.next(), result: "refused")
            }
            #expect(outcome == StoreOutcome(commit: nil, result: "refused"))
            #expect(try store.sequence() == 0)
            #expect(try store.auditHead().sequence == 1)
        }
    }

    @Test(arguments: Engine.allCases)
    func `what breaks a limit is refused whole`(_ engine: Engine) throws {
        try engine.onGround { ground in
            var limits = StoreLimits()
            limits.bodyOctets = 4
            limits.keyOctets = 4
            limits.changesPerWrite = 2
            let store = try ground.open("store", limits: limits)
            for changes: [RecordChange] in [
                [.put("a", "12345")], [.put("12345", "1")], [.put("", "1")], [.put("a\0b", "1")],
                [.put("a", "1", kind: "")], [.delete("12345")], [.put("a", "1"), .put("b", "1"), .put("c", "1")],
            ] {
                #expect(try code { try store.put([.put("ok", "1")] + changes) } == .invalid)
            }
            #expect(try store.contents() == StoreContents(sequence: 0, records: []))
            try store.put([.put("1234", "1234"), .put("b", "1")])
            #expect(try store.sequence() == 1)
        }
    }

    /// Tables of as many users and groups as they may have; each row makes a record of the log, who it is about and, of a
    /// group, who its members are.
    @Test func `an import of the largest tables breaks no limit`() {
        let limits = StoreLimits()
        #expect(limits.changesPerWrite >= 2 * FleetLimits.tableRows)
        #expect(limits.auditRowsPerWrite >= 4 * FleetLimits.tableRows + 1)
    }

    @Test(arguments: Engine.allCases)
    func `who writes is told first what another handle committed`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (one, other) = (try ground.open(), try ground.open())
            try one.put([.put("a", "1")])
            let second = try #require(try other.put([.put("b", "2"), .delete("a")], at: 5))
            #expect(second.changes == [.put("b", "2"), .delete("a")])
            let outcome = try one.write(after: 1, at: UTCTime(microseconds: 9)) { commits in
                StoreDecision(changes: [.put("c", "3")], result: commits)
            }
            #expect(outcome.result == [second])
            #expect(outcome.commit?.sequence == 3)
            #expect(try other.bodies() == ["b": "2", "c": "3"])
        }
    }

    @Test(arguments: Engine.allCases)
    func `the number for polling changes with the commits of others`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (one, other) = (try ground.open(), try ground.open())
            var seen = try one.changed()
            #expect(try one.changed() == seen)
            for round in 1...3 {
                try other.put([.put("a", "\(round)")])
                let now = try one.changed()
                #expect(now != seen)
                #expect(try one.changed() == now)
                seen = now
            }
        }
    }

    @Test(arguments: Engine.allCases)
    func `commits come in order, in pages, until they are forgotten`(_ engine: Engine) throws {
        try engine.onGround { ground in
            var limits = StoreLimits()
            limits.keptCommits = 3
            limits.commitsPerWrite = 2
            let store = try ground.open("store", limits: limits)
            for number in 1...5 { try store.put([.put("a", "\(number)")], at: Int64(number)) }
            #expect(try store.commits(after: 2, limit: 2).map(\.sequence) == [3, 4])
            #expect(
                try store.commits(after: 4, limit: 9) == [
                    Commit(sequence: 5, at: UTCTime(microseconds: 5), changes: [.put("a", "5")])
                ])
            #expect(try store.commits(after: 5, limit: 9) == [])
            #expect(try store.commits(after: 2, limit: 0) == [])
            #expect(try store.commits(after: 2, limit: -1) == [])
            #expect(try code { _ = try store.commits(after: 1, limit: 9) } == .outdated)
            // A caller that knows more than there is has lived through a restore.
            #expect(try code { _ = try store.commits(after: 6, limit: 9) } == .outdated)
            for known: UInt64 in [0, 2, 6, .max] {
                let outdated = try code {
                    _ = try store.write(after: known, at: UTCTime(microseconds: 9)) { _ in
                        StoreDecision(changes: [.put("a", "6")], result: ())
                    }
                }
                #expect(outdated == .outdated)
            }
            #expect(try store.bodies() == ["a": "5"])
        }
    }

    @Test(arguments: Engine.allCases)
    func `what was committed is there when it is opened again`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let before = try ground.open()
            try before.put([.put("a", "1"), .put("b", "2")], audit: Log.next(["Anne"]))
            try before.put([.delete("b")])
            let (contents, page) = (try before.contents(), try before.audit(from: 1, limit: 9))
            try before.close()
            let after = try ground.open()
            #expect(try after.contents() == contents)
            #expect(try after.audit(from: 1, limit: 9) == page)
            #expect(try after.put([.put("c", "3")])?.sequence == 3)
            #expect(try after.check() == [])
        }
    }
}
