import Foundation
import GRDB
import MCFoundation
import SQLiteStorage
import Storage
import Synchronization
import Testing

/// What only a file can do.
struct SQLiteStoreTests {
    private func onFile(_ body: (SQLiteGround) throws -> Void) throws {
        try Folder.temporary { try body(SQLiteGround(folder: $0)) }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `only the owner may read the file, what stands beside it and a backup`() throws {
        try onFile { ground in
            let path = ground.path("store")
            let store = try ground.open()
            try store.put([.put("a", "1")])
            try store.backup(to: ground.path("backup"))
            for suffix in ["", "-wal", "-shm"] { #expect(try mode(path + suffix) == 0o600) }
            #expect(try mode(ground.path("backup")) == 0o600)
            try store.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            try ground.open().close()
            #expect(try mode(path) == 0o600)
        }
    }

    @Test func `a backup is one file`() throws {
        try onFile { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")])
            try store.backup(to: ground.path("backup"))
            let names = try FileManager.default.contentsOfDirectory(atPath: ground.folder)
            #expect(names.filter { $0.hasPrefix("backup") } == ["backup"])
        }
    }

    @Test func `seals of rows that somebody cut off are still told of`() throws {
        try onFile { ground in
            let store = try ground.open()
            for _ in 0..<3 { try store.put([], audit: Log.next(["anna"])) }
            try store.put([]) { _ in AuditAddition(seals: [Log.seal(1, key: "k"), Log.seal(3, key: "k")]) }
            try store.close()
            let queue = try DatabaseQueue(path: ground.path("store"))
            try queue.write { try $0.execute(sql: "DELETE FROM audit WHERE sequence > 2") }
            try queue.close()
            let cut = try ground.open()
            #expect(try cut.auditHead().sequence == 2)
            #expect(try cut.strandedSeals() == [Log.seal(3, key: "k")])
        }
    }

    @Test func `a store keeps to the system that made it`() throws {
        try onFile { ground in
            try ground.open().close()
            let other = try code {
                _ = try SQLiteStore(
                    path: ground.path("store"), system: "mc.es.example", at: UTCTime(microseconds: 1))
            }
            #expect(other == .foreign)
        }
    }

    @Test func `the database of another program is left alone`() throws {
        try onFile { ground in
            let queue = try DatabaseQueue(path: ground.path("store"))
            try queue.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
            try queue.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: ground.path("store")))
            #expect(try code { _ = try ground.open() } == .foreign)
            #expect(try code { try ground.restore("store", to: "other") } == .foreign)
            #expect(try Data(contentsOf: URL(fileURLWithPath: ground.path("store"))) == before)
        }
    }

    @Test func `a store of a later version is refused and not touched`() throws {
        try onFile { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")])
            try store.close()
            let queue = try DatabaseQueue(path: ground.path("store"))
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9 future')")
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try queue.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: ground.path("store")))
            #expect(try code { _ = try ground.open() } == .newerSchema)
            #expect(try code { try ground.restore("store", to: "other") } == .newerSchema)
            #expect(try Data(contentsOf: URL(fileURLWithPath: ground.path("store"))) == before)
        }
    }

    @Test func `an older store is migrated with what is in it`() throws {
        try onFile { ground in
            try OldStore.version1(at: ground.path("store"))
            let store = try ground.open()
            #expect(try store.contents().sequence == 3)
            #expect(try store.bodies() == ["sip:anne@fr.example": "{}"])
            try store.put([.delete("sip:anne@fr.example")], audit: Log.next(["Anne"]))
            #expect(try store.sequence() == 4)
            #expect(try store.auditHead().sequence == 1)
            #expect(try store.check() == [])
        }
    }

    @Test func `the backup of an older store is restored`() throws {
        try onFile { ground in
            try OldStore.version1(at: ground.path("backup"))
            try ground.restore("backup", to: "store")
            #expect(try ground.open().bodies() == ["sip:anne@fr.example": "{}"])
        }
    }

    @Test func `a store that somebody has open is not replaced`() throws {
        try onFile { ground in
            let store = try ground.open()
            try store.put([.put("a", "1")])
            try store.backup(to: ground.path("backup"))
            try store.put([.put("a", "2")])
            #expect(try code { try ground.restore("backup", to: "store") } == .busy)
            try store.put([.put("b", "3")])
            #expect(try store.bodies() == ["a": "2", "b": "3"])
            try store.close()
            try ground.restore("backup", to: "store")
            #expect(try ground.open().bodies() == ["a": "1"])
            #expect(try ground.open("store.replaced").bodies() == ["a": "2", "b": "3"])
        }
    }

    @Test func `a writer who holds the store too long is told as busy`() throws {
        try onFile { ground in
            var limits = StoreLimits()
            limits.busyTimeoutMilliseconds = 20
            let (one, other) = (try ground.open(), try ground.open("store", limits: limits))
            _ = try one.write(after: 0, at: UTCTime(microseconds: 1)) { _ in
                let refused = try code { try other.put([.put("b", "2")]) }
                #expect(refused == .busy)
                // Who only reads does not wait.
                let read = try other.contents()
                #expect(read.records == [])
                return StoreDecision(changes: [.put("a", "1")], result: ())
            }
            try other.put([.put("b", "2")])
            #expect(try one.bodies() == ["a": "1", "b": "2"])
        }
    }

    @Test func `several who open a new store at once have one store`() throws {
        try onFile { ground in
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { index in
                do {
                    _ = try ground.open().write(after: 0, at: UTCTime(microseconds: 1)) { _ in
                        StoreDecision(changes: [.put("\(index)", "1")], result: ())
                    }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
            #expect(failures.withLock { $0 } == [])
            let bodies = try ground.open().bodies()
            #expect(bodies.count == 8)
        }
    }

    @Test func `nobody opens or restores while another does`() throws {
        try onFile { ground in
            try ground.open().backup(to: ground.path("backup"))
            let other = open(ground.folder, O_RDONLY)
            // Even a shared lock keeps out who wants it alone.
            try #require(flock(other, LOCK_SH) == 0)
            var limits = StoreLimits()
            limits.busyTimeoutMilliseconds = 20
            #expect(try code { _ = try ground.open("store", limits: limits) } == .busy)
            let restored = try code {
                try SQLiteStore.restore(
                    from: ground.path("backup"), to: ground.path("new"), system: SQLiteGround.system, limits: limits)
            }
            #expect(restored == .busy)
            close(other)
            try ground.open("store", limits: limits).close()
        }
    }

    @Test func `a file that cannot be made is told`() throws {
        try onFile { ground in
            #expect(try code { _ = try ground.open("none/store") } == .io)
            try FileManager.default.createDirectory(atPath: ground.path("store"), withIntermediateDirectories: false)
            #expect(try code { _ = try ground.open() } == .io)
        }
    }

    @Test func `what was erased or replaced is nowhere in the files`() throws {
        try onFile { ground in
            var limits = StoreLimits()
            limits.keptCommits = 1
            let store = try ground.open("store", limits: limits)
            try store.put([.put("a", "old-verifier-41")], audit: Log.next(["personal-name-42", "other-name-43"]))
            #expect(try ground.files("store").contains("personal-name-42"))
            try store.put([.put("a", "new")]) { _ in
                AuditAddition(rows: [Log.row(2)], erased: [AuditField(sequence: 1, index: 0)])
            }
            let files = try ground.files("store")
            #expect(!files.contains("personal-name-42"))
            #expect(!files.contains("old-verifier-41"))
            #expect(files.contains("other-name-43"))
        }
    }
}

extension SQLiteGround {
    /// All octets of a store, as text.
    func files(_ name: String) throws -> String {
        var data = Data()
        for suffix in ["", "-wal"] {
            data += FileManager.default.contents(atPath: path(name) + suffix) ?? Data()
        }
        return String(decoding: data, as: UTF8.self)
    }
}
