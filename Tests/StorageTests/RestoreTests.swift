import Foundation
import MCFoundation
import SQLiteStorage
import Storage
import Testing

/// What becomes of the files when a backup takes the place of a store.
@Suite struct RestoreTests {
    @Test func `there is a store under its name all the while`() throws {
        try onFile { ground in
            try Self.make("store", "1", backup: "backup", on: ground)
            let watch = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
            try #require(watch >= 0)
            defer { close(watch) }
            try #require(inotify_add_watch(watch, ground.folder, UInt32(IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)) >= 0)
            try ground.restore("backup", to: "store")
            let events = Self.events(of: watch).filter { $0.name == "store" }
            #expect(events.map(\.mask) == [UInt32(IN_MOVED_TO)])
            #expect(try ground.open().bodies() == ["a": "1"])
        }
    }

    @Test func `a second try over an empty store leaves the first one where it is`() throws {
        try onFile { ground in
            try Self.make("store", "1", backup: "backup", on: ground)
            try Self.put("2", in: "store", on: ground)
            try ground.restore("backup", to: "store")
            // Somebody looked for the store where there was none, and so made one.
            try FileManager.default.removeItem(atPath: ground.path("store"))
            try ground.open().close()
            try ground.restore("backup", to: "store")
            #expect(try ground.open().bodies() == ["a": "1"])
            #expect(try ground.open("store.replaced").bodies() == ["a": "2"])
        }
    }

    @Test func `a store with something in it is kept instead of the one before`() throws {
        try onFile { ground in
            try Self.make("store", "1", backup: "backup", on: ground)
            for body in ["2", "3"] {
                try Self.put(body, in: "store", on: ground)
                try ground.restore("backup", to: "store")
                let replaced = try ground.open("store.replaced")
                #expect(try replaced.bodies() == ["a": body])
                try replaced.close()
            }
            #expect(try ground.open().bodies() == ["a": "1"])
        }
    }

    @Test func `the backup of another system is not restored`() throws {
        try onFile { ground in
            try Self.make("store", "1", backup: "backup", on: ground)
            let refused = try code {
                try SQLiteStore.restore(
                    from: ground.path("backup"), to: ground.path("other"), system: "mc.es.example")
            }
            #expect(refused == .foreign)
            #expect(!FileManager.default.fileExists(atPath: ground.path("other")))
        }
    }

    private func onFile(_ body: (SQLiteGround) throws -> Void) throws {
        try Folder.temporary { try body(SQLiteGround(folder: $0)) }
    }

    private static func put(_ body: String, in name: String, on ground: SQLiteGround) throws {
        let store = try ground.open(name)
        try store.put([.put("a", body)])
        try store.close()
    }

    private static func make(_ name: String, _ body: String, backup: String, on ground: SQLiteGround) throws {
        let store = try ground.open(name)
        try store.put([.put("a", body)])
        try store.backup(to: ground.path(backup))
        try store.close()
    }

    /// What happened in a folder: the mask and the name of each event (inotify(7)).
    private static func events(of watch: Int32) -> [(mask: UInt32, name: String)] {
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = read(watch, &octets, octets.count)
        var events: [(mask: UInt32, name: String)] = []
        var position = 0
        while position + 16 <= count {
            let words = octets[position..<position + 16].withUnsafeBytes { bytes in
                (0..<4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
            }
            let name = octets[position + 16..<min(count, position + 16 + Int(words[3]))].prefix { $0 != 0 }
            events.append((words[1], String(decoding: name, as: UTF8.self)))
            position += 16 + Int(words[3])
        }
        return events
    }
}
