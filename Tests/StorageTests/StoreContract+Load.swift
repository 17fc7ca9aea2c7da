import Administration
import Foundation
import MCFoundation
import Storage
import Synchronization
import Testing

/// What every engine owes when several are at work, when there is much, and when there is no room.
extension StoreContract {
    /// A counter that each writer raises by what the commits of the others tell it: a lost update would show.
    private static func raise(_ store: any NationalStore, times: Int) throws {
        var (known, value): (UInt64, Int) = (0, 0)
        func apply(_ commits: [Commit]) {
            for commit in commits {
                known = commit.sequence
                for case .put(let record) in commit.changes {
                    value = Int(String(decoding: record.body, as: UTF8.self)) ?? -1
                }
            }
        }
        for _ in 0..<times {
            let outcome = try store.write(after: known, at: UTCTime(microseconds: 1)) { commits in
                apply(commits)
                return StoreDecision(changes: [.put("counter", "\(value + 1)")], audit: Log.next(), result: ())
            }
            if let commit = outcome.commit { apply([commit]) }
        }
    }

    @Test(arguments: Engine.allCases)
    func `writers on several handles lose nothing`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (writers, times) = (4, 50)
            let stores = try (0..<writers).map { _ in try ground.open() }
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: writers) { index in
                do { try Self.raise(stores[index], times: times) } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
            #expect(try stores[0].bodies() == ["counter": "\(writers * times)"])
            #expect(try stores[1].sequence() == UInt64(writers * times))
            #expect(try stores[2].auditHead().sequence == UInt64(writers * times))
            #expect(try stores[3].check() == [])
        }
    }

    @Test(arguments: Engine.allCases)
    func `readers see whole commits only, and a backup taken meanwhile is one`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let (writing, reading) = (try ground.open(), try ground.open())
            try writing.put([.put("a", "0"), .put("b", "0")], audit: Log.next(["0"]))
            let torn = Mutex(0)
            let failures = Mutex<[String]>([])
            let backups = 3
            DispatchQueue.concurrentPerform(iterations: 3) { index in
                do {
                    switch index {
                    case 0:
                        for number in 1...150 {
                            try writing.put([.put("a", "\(number)"), .put("b", "\(number)")], audit: Log.next(["x"]))
                        }
                    case 1:
                        for _ in 0..<150 {
                            let bodies = try reading.bodies()
                            if bodies["a"] != bodies["b"] { torn.withLock { $0 += 1 } }
                        }
                    default:
                        for number in 0..<backups { try reading.backup(to: ground.path("backup\(number)")) }
                    }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
            #expect(failures.withLock { $0 } == [])
            #expect(torn.withLock { $0 } == 0)
            for number in 0..<backups {
                try ground.restore("backup\(number)", to: "restored\(number)")
                let restored = try ground.open("restored\(number)")
                #expect(try restored.check() == [])
                let contents = try restored.contents()
                #expect(contents.records.count == 2)
                #expect(Set(try restored.bodies().values) == ["\(contents.sequence - 1)"])
                #expect(try restored.auditHead().sequence == contents.sequence)
                #expect(try restored.put([.put("a", "on"), .put("b", "on")])?.sequence == contents.sequence + 1)
            }
        }
    }

    @Test(arguments: Engine.allCases)
    func `a restored store is as it was at the backup`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")], audit: Log.next(["Anne"]))
            let (contents, page) = (try store.contents(), try store.audit(from: 1, limit: 9))
            try store.backup(to: ground.path("backup"))
            try store.put([.put("a", "2"), .put("b", "2")], audit: Log.next())
            #expect(try code { try store.backup(to: ground.path("backup")) } == .io)
            try store.close()
            try ground.restore("backup", to: "store")
            let restored = try ground.open()
            #expect(try restored.contents() == contents)
            #expect(try restored.audit(from: 1, limit: 9) == page)
            #expect(try code { try ground.restore("none", to: "store") } == .io)
            #expect(try restored.contents() == contents)
        }
    }

    @Test(arguments: Engine.allCases)
    func `a full store refuses whole writes, reads on, and has room again after deletion`(_ engine: Engine) throws {
        try engine.onGround { ground in
            var limits = StoreLimits()
            limits.maximumOctets = 400_000
            limits.keptCommits = 1
            let store = try ground.open("store", limits: limits)
            let body = String(repeating: "x", count: 1_000)
            var written = 0
            let full = try code {
                for number in 0..<1_000 {
                    // Two records and an audit row: half of them would be a torn commit.
                    try store.put([.put("a\(number)", body), .put("b\(number)", body)], audit: Log.next(["Anne"]))
                    written += 1
                }
            }
            #expect(full == .full)
            #expect(written > 20)
            #expect(try store.contents().records.count == 2 * written)
            #expect(try store.sequence() == UInt64(written))
            #expect(try store.auditHead().sequence == UInt64(written))
            #expect(try store.check() == [])
            try store.put((0..<written / 2).map { .delete("a\($0)") })
            try store.put([.put("again", body)], audit: Log.next())
            #expect(try store.bodies()["again"] == body)
        }
    }

    @Test(arguments: Engine.allCases)
    func `ten thousand records are one write`(_ engine: Engine) throws {
        try engine.onGround { ground in
            let store = try ground.open()
            let body = String(repeating: "x", count: 300)
            try store.put((0..<10_000).map { .put("sip:user\($0)@fr.example", body) })
            #expect(try store.contents().records.count == 10_000)
            #expect(try store.commits(after: 0, limit: 1).first?.changes.count == 10_000)
        }
    }
}
