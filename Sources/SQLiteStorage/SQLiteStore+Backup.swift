import Foundation
import GRDB
public import Storage

extension SQLiteStore {
    public func check() throws(StoreError) -> [String] {
        var findings = try doing("checking") { try pool.read { try StoreCheck.findings($0) } }
        let synchronous = try doing("checking") {
            try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        }
        if synchronous != 2 { findings.append("commits are not synchronised with the disk") }
        return findings
    }

    /// A file of its own, without a write-ahead log, checked before it gets its name. Throws `.io` where the name is
    /// taken, `.corrupt` where what was copied is not whole.
    public func backup(to path: String) throws(StoreError) {
        guard !StoreFile.exists(path) else { throw StoreError(.io, "\(path) exists") }
        let part = path + ".part"
        defer { StoreFile.remove(part) }
        try doing("copying to \(path) from") { try Self.copy(pool, to: part) }
        try StoreFile.publish(part, as: path)
    }

    /// Puts a backup in the place of a store that nobody has open.
    ///
    /// The store that was there stays beside it under the name with `.replaced`. Throws `.busy` where it is open,
    /// `.corrupt` or `.foreign` where the backup is not what it should be; then everything is as before.
    public static func restore(
        from backup: String, to path: String, limits: StoreLimits = StoreLimits()
    ) throws(StoreError) {
        let turn = try FolderTurn(of: path, waitingMilliseconds: limits.busyTimeoutMilliseconds)
        defer { turn.end() }
        guard StoreFile.exists(backup) else { throw StoreError(.io, "\(backup) does not exist") }
        let part = path + ".part"
        defer { StoreFile.remove(part) }
        do {
            try inspect(backup, system: nil, configuration(limits))
            var reading = configuration(limits)
            reading.readonly = true
            try copy(try DatabaseQueue(path: backup, configuration: reading), to: part)
            try giveUp(path)
        } catch {
            throw StoreError(error, "restoring \(backup)")
        }
        if StoreFile.exists(path) {
            StoreFile.remove(path + ".replaced")
            try StoreFile.move(path, to: path + ".replaced")
            // Only of a store too damaged to be closed in order. A new file must not find it.
            if StoreFile.exists(path + "-wal") { try StoreFile.move(path + "-wal", to: path + ".replaced-wal") }
            StoreFile.remove(path)
        }
        try StoreFile.publish(part, as: path)
    }

    /// Copies one commit's state in one read transaction, and looks whether it is whole.
    private static func copy(_ source: any DatabaseReader, to part: String) throws {
        StoreFile.remove(part)
        guard try StoreFile.create(part) else { throw StoreError(.io, "\(part) exists") }
        let target = try DatabaseQueue(path: part)
        try source.backup(to: target)
        let findings = try target.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            if try db.tableExists("expiring") {  // an older store has none
                try db.execute(sql: "PRAGMA secure_delete = ON")
                try db.execute(sql: "DELETE FROM expiring")
            }
            return try StoreCheck.findings(db)
        }
        try target.close()
        guard findings.isEmpty else {
            throw StoreError(.corrupt, "what is to be copied is not whole: \(findings.joined(separator: "; "))")
        }
        try StoreFile.synchronise(part)
    }

    /// Empties the write-ahead log of a store into its file. Only the last connection can do that, so `.busy` says that
    /// there are others.
    private static func giveUp(_ path: String) throws {
        guard StoreFile.exists(path) else { return }
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try queue.close()
        } catch {
            let error = StoreError(error, "closing \(path)")
            // What is damaged is what a backup is for.
            guard error.code == .corrupt else { throw error }
        }
    }
}
