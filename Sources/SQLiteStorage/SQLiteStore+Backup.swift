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

    /// Puts a backup in the place of a store that nobody has open. There is a store under the name at every moment: the
    /// one that was there, and then the other.
    ///
    /// The store that was there stays beside it under the name with `.replaced`, unless it is empty and there is one
    /// already: what a restoration that was cut short left behind takes the place of nothing. Throws `.busy` where it is
    /// open, `.corrupt` or `.foreign` where the backup is not what it should be; then everything is as before.
    ///
    /// - Parameter system: the MC system whose backup it has to be.
    public static func restore(
        from backup: String, to path: String, system: String, limits: StoreLimits = StoreLimits()
    ) throws(StoreError) {
        let turn = try FolderTurn(of: path, waitingMilliseconds: limits.busyTimeoutMilliseconds)
        defer { turn.end() }
        guard StoreFile.exists(backup) else { throw StoreError(.io, "\(backup) does not exist") }
        let part = path + ".part"
        defer { StoreFile.remove(part) }
        var isEmpty = false
        do {
            try inspect(backup, system: system, mayBeEmpty: false, configuration(limits))
            var reading = configuration(limits)
            reading.readonly = true
            try copy(try DatabaseQueue(path: backup, configuration: reading), to: part)
            isEmpty = try giveUp(path)
        } catch {
            throw StoreError(error, "restoring \(backup)")
        }
        let replaced = path + ".replaced"
        if StoreFile.exists(path), !isEmpty || !StoreFile.exists(replaced) {
            try StoreFile.keep(path, as: replaced)
            // Only of a store too damaged to be closed in order.
            if StoreFile.exists(path + "-wal") { try StoreFile.move(path + "-wal", to: replaced + "-wal") }
        }
        // A new file must not find them.
        StoreFile.removeBeside(path)
        try StoreFile.replace(path, by: part)
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
    ///
    /// - Returns: whether nothing was ever kept in it.
    private static func giveUp(_ path: String) throws -> Bool {
        guard StoreFile.exists(path) else { return true }
        do {
            let queue = try DatabaseQueue(path: path)
            let isEmpty = try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                guard try db.tableExists("commits") else {
                    return try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master") == 0
                }
                return try CommitRows.sequence(db) == 0
            }
            try queue.close()
            return isEmpty
        } catch {
            let error = StoreError(error, "closing \(path)")
            // What is damaged is what a backup is for.
            guard error.code == .corrupt else { throw error }
            return false
        }
    }
}
