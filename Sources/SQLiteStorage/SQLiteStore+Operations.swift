import Administration
import Foundation
import GRDB
public import MCFoundation
public import Storage

extension SQLiteStore {
    public func contents() throws(StoreError) -> StoreContents {
        try doing("reading") { try pool.read { try KeptRows.contents($0) } }
    }

    public func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> {
        var outcome: StoreOutcome<Result>?
        var isErasing = false
        do {
            try pool.writeWithoutTransaction { db in
                // Immediate: whoever decides sees the last commit of the others, and nobody commits before it is done.
                try db.inTransaction(.immediate) {
                    let last = try CommitRows.end(db, after: known)
                    guard last - known <= UInt64(clamping: limits.commitsPerWrite) else {
                        throw StoreError.behind(by: Int(clamping: last - known))
                    }
                    let decision = try decide(try CommitRows.commits(db, after: known, through: last))
                    try limits.check(decision.changes)
                    if let audit = decision.audit {
                        let head = try AuditRows.head(db)
                        let addition = try audit(head)
                        try limits.check(addition, after: head)
                        try AuditRows.append(addition, db)
                        isErasing = !addition.erased.isEmpty
                    }
                    var commit: Commit?
                    if !decision.changes.isEmpty {
                        let made = Commit(sequence: last + 1, at: now, changes: decision.changes)
                        let digest = try KeptRows.apply(made, db, digest: try CommitRows.digest(db))
                        try CommitRows.append(made, db, digest: digest, keeping: limits.keptCommits)
                        commit = made
                    }
                    outcome = StoreOutcome(commit: commit, result: decision.result)
                    return .commit
                }
            }
        } catch let error as DatabaseError {
            throw StoreError(error, "writing \(path)")
        }
        guard let outcome else { preconditionFailure("a transaction that did not throw has an outcome") }
        if isErasing { emptyJournal() }
        return outcome
    }

    /// What was erased still stands in older frames of the write-ahead log. Where a reader holds them back, the log is
    /// overwritten by and by.
    private func emptyJournal() {
        _ = try? pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    }

    public func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try doing("reading commits of") {
            try pool.read { db in
                let last = try CommitRows.end(db, after: known)
                let count = min(last - known, UInt64(limits.page(limit)))
                return try CommitRows.commits(db, after: known, through: known + count)
            }
        }
    }

    public func sequence() throws(StoreError) -> UInt64 {
        try doing("reading the sequence of") { try pool.read { try CommitRows.sequence($0) } }
    }

    public func changed() throws(StoreError) -> UInt64 {
        try doing("polling") {
            try poll.unsafeRead { db in
                let version = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
                return UInt64(bitPattern: version)
            }
        }
    }

    public func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] {
        try doing("reading") { try pool.read { try ExpiringRows.all($0, at: now) } }
    }

    public func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) {
        try limits.check(changes)
        try doing("writing") { try pool.write { try ExpiringRows.apply(changes, $0, at: now) } }
    }

    public func auditHead() throws(StoreError) -> AuditHead {
        try doing("reading the audit log of") { try pool.read { try AuditRows.head($0) } }
    }

    public func strandedSeals() throws(StoreError) -> [AuditSealRow] {
        try doing("reading the audit log of") { try pool.read { try AuditRows.strandedSeals($0) } }
    }

    public func audit(
        from first: UInt64, limit: Int, during period: Range<UTCTime>?
    ) throws(StoreError) -> AuditPage {
        try doing("reading the audit log of") {
            try pool.read { db in
                try AuditRows.page(db, from: first, limit: limits.page(limit), during: period)
            }
        }
    }
}
