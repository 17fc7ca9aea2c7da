import Administration
import Foundation
import MCFoundation
import SQLiteStorage
import Storage

/// Where one test has its stores: every engine gives the contract the same ground.
protocol StoreGround: Sendable {
    /// Another handle on the store of that name.
    func open(_ name: String, limits: StoreLimits) throws -> any NationalStore
    func restore(_ backup: String, to name: String) throws
    /// What `backup(to:)` takes for a name.
    func path(_ name: String) -> String
}

extension StoreGround {
    func open(_ name: String = "store") throws -> any NationalStore { try open(name, limits: StoreLimits()) }
}

enum Engine: String, CaseIterable, Sendable {
    case memory, sqlite

    /// A ground that is empty, and gone afterwards.
    func onGround(_ body: (any StoreGround) throws -> Void) throws {
        switch self {
        case .memory: try body(MemoryGround())
        case .sqlite: try Folder.temporary { try body(SQLiteGround(folder: $0)) }
        }
    }
}

struct MemoryGround: StoreGround {
    let disk = MemoryDisk()

    func open(_ name: String, limits: StoreLimits) throws -> any NationalStore {
        MemoryStore(disk: disk, path: name, limits: limits)
    }

    func restore(_ backup: String, to name: String) throws {
        try MemoryStore.restore(from: backup, to: name, on: disk)
    }

    func path(_ name: String) -> String { name }
}

struct SQLiteGround: StoreGround {
    static let system = "mc.fr.example"
    let folder: String

    func open(_ name: String, limits: StoreLimits) throws -> any NationalStore {
        try SQLiteStore(path: path(name), system: Self.system, at: UTCTime(microseconds: 1), limits: limits)
    }

    func restore(_ backup: String, to name: String) throws {
        try SQLiteStore.restore(from: path(backup), to: path(name), system: Self.system)
    }

    func path(_ name: String) -> String { folder + "/" + name }
}

enum Folder {
    struct CannotBeMade: Error {}

    static func temporary(_ body: (String) throws -> Void) throws {
        var template = Array((NSTemporaryDirectory() + "/store-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else { throw CannotBeMade() }
        let folder = String(cString: made)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}

extension RecordChange {
    static func put(_ key: String, _ body: String, kind: String = "user") -> RecordChange {
        .put(StoredRecord(kind: kind, key: key, body: Array(body.utf8)))
    }

    static func delete(_ key: String) -> RecordChange { .delete(kind: "user", key: key) }
}

extension NationalStore {
    /// Writes without a look at what others did.
    @discardableResult
    func put(
        _ changes: [RecordChange], at microseconds: Int64 = 1_000, audit: AuditAppend? = nil
    ) throws -> Commit? {
        try write(after: try sequence(), at: UTCTime(microseconds: microseconds)) { _ in
            StoreDecision(changes: changes, audit: audit, result: ())
        }.commit
    }

    func bodies() throws -> [String: String] {
        let records = try contents().records.map(\.record)
        return Dictionary(uniqueKeysWithValues: records.map { ($0.key, String(decoding: $0.body, as: UTF8.self)) })
    }
}

/// Rows as a chain would make them; what stands in them does not matter here.
enum Log {
    static func row(_ sequence: UInt64, at microseconds: Int64 = 0) -> AuditRow {
        AuditRow(
            sequence: sequence, at: UTCTime(microseconds: microseconds),
            record: [1, 0, UInt8(truncatingIfNeeded: sequence)],
            hash: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 32))
    }

    static func value(_ sequence: UInt64, _ index: UInt32, _ value: String) -> AuditPersonalRow {
        AuditPersonalRow(
            field: AuditField(sequence: sequence, index: index), name: "actor", salt: [9, 0, 9], value: value)
    }

    static func seal(_ sequence: UInt64, key: String) -> AuditSealRow {
        AuditSealRow(
            sequence: sequence, at: UTCTime(microseconds: 7), hash: row(sequence).hash, signature: [3, 0, 3], keyID: key
        )
    }

    /// One row after the head, with its personal values.
    static func next(_ values: [String] = [], at microseconds: Int64 = 0) -> AuditAppend {
        { head in
            let sequence = head.sequence + 1
            let personal = values.enumerated().map { value(sequence, UInt32($0.offset), $0.element) }
            return AuditAddition(rows: [row(sequence, at: microseconds)], personal: personal)
        }
    }
}

/// The code of the error that a body throws; nil where it throws none.
func code(_ body: () throws -> Void) throws -> StoreError.Code? {
    do {
        try body()
        return nil
    } catch let error as StoreError {
        return error.code
    }
}
