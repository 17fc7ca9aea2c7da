import Administration
import GRDB
import Storage

/// Compares what is kept with what was written.
enum StoreCheck {
    /// How many sentences are enough to say that it is time for the backup.
    private static let maximumFindings = 100

    static func findings(_ db: Database) throws -> [String] {
        do {
            var findings = try structure(db)
            // Without tables nothing else can be asked.
            guard findings.isEmpty else { return findings }
            findings += try records(db)
            findings += try commits(db)
            findings += try audit(db)
            findings += try expiring(db)
            return Array(findings.prefix(maximumFindings))
        } catch {
            let error = StoreError(error, "checking")
            guard error.code == .corrupt else { throw error }
            return [error.diagnosis]
        }
    }

    private static func structure(_ db: Database) throws -> [String] {
        let told = try Row.fetchAll(db, sql: "PRAGMA integrity_check(\(maximumFindings))").map { try $0.text(0) }
        return told == ["ok"] ? [] : told
    }

    private static func records(_ db: Database) throws -> [String] {
        var findings: [String] = []
        let last = try CommitRows.sequence(db)
        let digest = try KeptRows.forEachRecord(db) { kept, isWhole in
            guard findings.count < maximumFindings else { return }
            // A key is an identity: not for every log.
            if !isWhole { findings.append("a \(kept.record.kind) of commit \(kept.sequence) is damaged") }
            if kept.sequence > last {
                findings.append("a \(kept.record.kind) is of commit \(kept.sequence) after the last")
            }
        }
        if try digest != CommitRows.digest(db) { findings.append("the records are not those of commit \(last)") }
        return findings
    }

    private static func commits(_ db: Database) throws -> [String] {
        guard let first = try Row.fetchOne(db, sql: "SELECT MIN(sequence) FROM commits HAVING MIN(sequence) > 0") else {
            return []
        }
        // In pages, for a log may hold many large changes.
        let last = try CommitRows.sequence(db)
        var known = try first.sequence(0) - 1
        do {
            while known < last {
                let through = min(last, known + 100)
                _ = try CommitRows.commits(db, after: known, through: through)
                known = through
            }
            return []
        } catch let error as StoreError where error.code == .corrupt {
            return [error.diagnosis]
        }
    }

    private static func audit(_ db: Database) throws -> [String] {
        guard try db.tableExists("audit") else { return [] }  // of a backup before it is migrated
        var findings: [String] = []
        let last = try AuditRows.head(db).sequence
        if try count(db, "audit") != last { findings.append("the audit log has gaps before row \(last)") }
        for table in ["audit_personal", "audit_seal"] {
            let stray = try count(db, "\(table) WHERE sequence NOT IN (SELECT sequence FROM audit)")
            if stray > 0 { findings.append("\(stray) rows of \(table) belong to no audit row") }
        }
        return findings
    }

    private static func expiring(_ db: Database) throws -> [String] {
        guard try db.tableExists("expiring") else { return [] }  // of an older store
        var findings: [String] = []
        try ExpiringRows.forEach(db) { expiring, isWhole in
            guard !isWhole, findings.count < maximumFindings else { return }
            findings.append("a \(expiring.record.kind) is damaged")
        }
        return findings
    }

    private static func count(_ db: Database, _ what: String) throws -> UInt64 {
        try Row.fetchOne(db, sql: "SELECT COUNT(*) FROM \(what)")?.sequence(0) ?? 0
    }
}
