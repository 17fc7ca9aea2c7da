import Foundation
import GRDB
public import MCFoundation
public import Storage

/// Keeps a nation's records and audit log in one SQLite file, with its write-ahead log beside it.
///
/// A commit is on the disk when `write` returns: the write-ahead log is synchronised with every commit. Several processes
/// of one machine may open the file; a network file system will not do.
public final class SQLiteStore: NationalStore {
    let pool: DatabasePool
    /// Only this connection asks for the data version, which has a meaning for the connection that asks.
    let poll: DatabaseQueue
    let path: String
    let limits: StoreLimits

    /// Opens a store, or makes it where there is no file. Migrates an older one.
    ///
    /// - Parameters:
    ///   - path: in a folder that exists. The file is made readable and writable for its owner only.
    ///   - system: the MC system whose store it is; a store keeps to the one that made it.
    ///   - now: kept as the time of creation, if it is made.
    public init(
        path: String, system: String, at now: UTCTime, limits: StoreLimits = StoreLimits()
    ) throws(StoreError) {
        self.path = path
        self.limits = limits
        // Nobody else opens, makes or restores it meanwhile.
        let turn = try FolderTurn(of: path, waitingMilliseconds: limits.busyTimeoutMilliseconds)
        defer { turn.end() }
        try StoreFile.prepare(path)
        let configuration = Self.configuration(limits)
        do {
            try Self.inspect(path, system: system, mayBeEmpty: true, configuration)
            pool = try DatabasePool(path: path, configuration: configuration)
            try Self.setUp(pool, system: system, at: now)
            var reading = configuration
            reading.readonly = true
            poll = try DatabaseQueue(path: path, configuration: reading)
        } catch {
            throw StoreError(error, "opening \(path)")
        }
    }

    public func close() throws(StoreError) {
        try doing("closing") {
            try poll.close()
            // Without its readers the writer is the last connection, and takes the write-ahead log into the file.
            pool.releaseMemory()
            try pool.close()
        }
    }

    /// Bounds and safeguards of a connection.
    static func configuration(_ limits: StoreLimits) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(limits.busyTimeoutMilliseconds) / 1_000)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            // What is erased or replaced is overwritten in the file: it may be personal or secret.
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
            if let maximum = limits.maximumOctets {
                let page = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4_096
                try db.execute(sql: "PRAGMA max_page_count = \(max(1, maximum / max(512, page)))")
            }
        }
        return configuration
    }

    /// Looks at a file before anything is written to it: what is not ours, another system's or newer than us stays as it
    /// is.
    static func inspect(
        _ path: String, system: String, mayBeEmpty: Bool, _ configuration: Configuration
    ) throws {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.unsafeRead { db in
            let application = try Int.fetchOne(db, sql: "PRAGMA application_id")
            if application != StoreSchema.application {
                let tables = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
                guard application == 0, tables == 0, mayBeEmpty else {
                    throw StoreError(.foreign, "\(path) is a database of another program")
                }
                return
            }
            guard try !StoreSchema.migrator.hasBeenSuperseded(db) else {
                throw StoreError(.newerSchema, "\(path) was written by a later version of this program")
            }
            let kept = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'system'")
            guard kept == system else {
                throw StoreError(.foreign, "\(path) is the store of \(kept ?? "no system"), not of \(system)")
            }
        }
        try queue.close()
    }

    private static func setUp(_ pool: DatabasePool, system: String, at now: UTCTime) throws {
        try pool.writeWithoutTransaction { db in
            // The library asks for NORMAL, which may lose the last commits when the power fails.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA journal_size_limit = \(StoreSchema.journalOctets)")
        }
        try StoreSchema.migrator.migrate(pool)
        try pool.write { db in
            let statement = try db.makeStatement(sql: "INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)")
            try statement.execute(arguments: ["system", system])
            try statement.execute(arguments: ["created", String(now.microseconds)])
        }
    }

    /// Gives what the engine throws as an error of the store.
    func doing<Result>(_ what: String, _ body: () throws -> Result) throws(StoreError) -> Result {
        do { return try body() } catch { throw StoreError(error, "\(what) \(path)") }
    }
}
