import Foundation
import MCFoundation
import SQLiteStorage
import Storage
import Testing

/// A file that is not what was written is noticed, and never brings the process down.
struct DamageTests {
    /// The file of a closed store with some records and rows: made once, for each of its commits waits for the disk.
    private static let whole = Result {
        var data = Data()
        try Folder.temporary { folder in
            let ground = SQLiteGround(folder: folder)
            let store = try ground.open()
            for number in 0..<200 {
                try store.put([.put("key\(number)", "body-\(number)-of-many")], audit: Log.next(["name\(number)"]))
            }
            try store.close()
            data = try Data(contentsOf: URL(fileURLWithPath: ground.path("store")))
        }
        return data
    }

    private func onDamaged(_ damage: (inout Data) -> Void, _ body: (SQLiteGround) throws -> Void) throws {
        try Folder.temporary { folder in
            let ground = SQLiteGround(folder: folder)
            var data = try Self.whole.get()
            try data.write(to: URL(fileURLWithPath: ground.path("backup")))
            damage(&data)
            try data.write(to: URL(fileURLWithPath: ground.path("store")))
            try body(ground)
        }
    }

    @Test func `one changed octet of a record is found`() throws {
        try onDamaged { data in
            var place = data.startIndex
            // Everywhere the body stands: in its record and in the log of changes.
            while let found = data.range(of: Data("body-77-of".utf8), in: place..<data.endIndex) {
                data[found.lowerBound + 5] = 0x39
                place = found.upperBound
            }
        } _: { ground in
            let store = try ground.open()
            #expect(try code { _ = try store.contents() } == .corrupt)
            #expect(try code { _ = try store.commits(after: 70, limit: 20) } == .corrupt)
            #expect(try store.commits(after: 100, limit: 20).count == 20)
            #expect(
                try store.check() == [
                    "a user of commit 78 is damaged", "the records are not those of commit 200", "commit 78 is damaged",
                ])
            #expect(try code { try store.backup(to: ground.path("useless")) } == .corrupt)
            #expect(!FileManager.default.fileExists(atPath: ground.path("useless")))
        }
    }

    @Test func `a store whose file is no database is refused, and a backup takes its place`() throws {
        try onDamaged { data in
            data.replaceSubrange(0..<100, with: Data(repeating: 0x55, count: 100))
        } _: { ground in
            #expect(try code { _ = try ground.open() } == .corrupt)
            #expect(try code { try ground.restore("store", to: "other") } == .corrupt)
            try ground.restore("backup", to: "store")
            let store = try ground.open()
            #expect(try store.contents().records.count == 200)
            #expect(try store.check() == [])
        }
    }

    @Test func `a file cut short is found`() throws {
        try onDamaged { data in
            data.removeLast(data.count / 2)
        } _: { ground in
            let isFound = try found(ground)
            #expect(isFound)
        }
    }

    /// Damage anywhere is either found or does not matter; it never traps.
    @Test(arguments: 1..<24) func `a page of noise is found`(_ page: Int) throws {
        try onDamaged { data in
            let start = page * 4_096
            #expect(start + 4_096 <= data.count)
            for offset in start..<start + 4_096 {
                data[offset] = UInt8(truncatingIfNeeded: offset &* 31 &+ offset >> 8)
            }
        } _: { ground in
            let isFound = try found(ground)
            #expect(isFound)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `no changed octet gives other records than were written`(
        _ seed: UInt64
    ) throws {
        try Folder.temporary { folder in
            let ground = SQLiteGround(folder: folder)
            let file = URL(fileURLWithPath: ground.path("store"))
            let whole = try Self.whole.get()
            try whole.write(to: file)
            let store = try ground.open()
            let (contents, commits) = (try store.contents(), try store.commits(after: 0, limit: 1_000))
            try store.close()
            var generator = SeededGenerator(seed: seed)
            for _ in 0..<50 {
                var data = whole
                let offset = Int.random(in: 100..<data.count, using: &generator)
                data[offset] ^= UInt8.random(in: 1...255, using: &generator)
                try data.write(to: file)
                var read: (StoreContents?, [Commit]?)
                let refused = try code {
                    let store = try ground.open()
                    read.0 = try? store.contents()
                    read.1 = try? store.commits(after: 0, limit: 1_000)
                    _ = try? store.audit(from: 1, limit: 1_000)
                    try store.close()
                }
                // An octet of the schema, of the system or of a migration's name may look like another mistake.
                let known: [StoreError.Code?] = [nil, .corrupt, .foreign, .newerSchema, .io]
                #expect(known.contains(refused), "octet \(offset)")
                #expect(read.0 == nil || read.0 == contents, "octet \(offset)")
                #expect(read.1 == nil || read.1 == commits, "octet \(offset)")
            }
        }
    }

    private func found(_ ground: SQLiteGround) throws -> Bool {
        do {
            let store = try ground.open()
            _ = try? store.contents()
            _ = try? store.audit(from: 1, limit: 1_000)
            _ = try? store.commits(after: 0, limit: 1_000)
            return try !store.check().isEmpty
        } catch let error as StoreError {
            return error.code == .corrupt
        }
    }
}
