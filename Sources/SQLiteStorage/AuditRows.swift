import Foundation
import GRDB
import MCFoundation
import Storage

/// The audit log as rows.
enum AuditRows {
    static func head(_ db: Database) throws -> AuditHead {
        let last = try Row.fetchOne(db, sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        guard let last else { return AuditHead(sequence: 0, hash: []) }
        return AuditHead(sequence: try last.sequence(0), hash: try last.octets(1))
    }

    static func append(_ addition: AuditAddition, _ db: Database) throws {
        let row = try db.makeStatement(sql: "INSERT INTO audit (sequence, at, record, hash) VALUES (?, ?, ?, ?)")
        for added in addition.rows {
            try row.execute(
                arguments: [added.sequence.kept, added.at.microseconds, Data(added.record), Data(added.hash)])
        }
        let personal = try db.makeStatement(
            sql: "INSERT INTO audit_personal (sequence, field, name, salt, value) VALUES (?, ?, ?, ?, ?)")
        for added in addition.personal {
            try personal.execute(
                arguments: [
                    added.field.sequence.kept, Int64(added.field.index), added.name, Data(added.salt),
                    Data(added.value.utf8),
                ])
        }
        let seal = try db.makeStatement(
            sql: "INSERT INTO audit_seal (sequence, key_id, at, hash, signature) VALUES (?, ?, ?, ?, ?)")
        for added in addition.seals {
            try seal.execute(
                arguments: [
                    added.sequence.kept, added.keyID, added.at.microseconds, Data(added.hash), Data(added.signature),
                ])
        }
        let erase = try db.makeStatement(sql: "DELETE FROM audit_personal WHERE sequence = ? AND field = ?")
        for field in addition.erased {
            try erase.execute(arguments: [field.sequence.kept, Int64(field.index)])
        }
    }

    static func page(
        _ db: Database, from first: UInt64, limit: Int, during period: Range<UTCTime>?
    ) throws -> AuditPage {
        var page = AuditPage(rows: [], personal: [], seals: [], head: try head(db))
        // The greatest time is a bound of `Range` that nothing may lie on; without a period everything does.
        let inPeriod = period == nil ? "" : "AND at >= :from AND at < :until"
        var arguments: StatementArguments = ["first": first.kept, "limit": limit]
        if let period {
            arguments += ["from": period.lowerBound.microseconds, "until": period.upperBound.microseconds]
        }
        // The same rows for each table, in one read transaction.
        let chosen = "SELECT sequence FROM audit WHERE sequence >= :first \(inPeriod) ORDER BY sequence LIMIT :limit"
        let rows = try Row.fetchCursor(
            db,
            sql: "SELECT sequence, at, record, hash FROM audit WHERE sequence IN (\(chosen)) ORDER BY sequence",
            arguments: arguments)
        while let row = try rows.next() {
            page.rows.append(
                AuditRow(
                    sequence: try row.sequence(0), at: try row.time(1), record: try row.octets(2),
                    hash: try row.octets(3)))
        }
        let personal = try Row.fetchCursor(
            db,
            sql: """
                SELECT sequence, field, name, salt, value FROM audit_personal WHERE sequence IN (\(chosen))
                ORDER BY sequence, field
                """, arguments: arguments)
        while let row = try personal.next() {
            guard let index = UInt32(exactly: try row.number(1)) else {
                throw StoreError(.corrupt, "a personal value of audit row \(try row.sequence(0)) has no proper index")
            }
            page.personal.append(
                AuditPersonalRow(
                    field: AuditField(sequence: try row.sequence(0), index: index), name: try row.text(2),
                    salt: try row.octets(3), value: String(decoding: try row.octets(4), as: UTF8.self)))
        }
        let seals = try Row.fetchCursor(
            db,
            sql: """
                SELECT sequence, at, hash, signature, key_id FROM audit_seal WHERE sequence IN (\(chosen))
                ORDER BY sequence, rowid
                """, arguments: arguments)
        while let row = try seals.next() { page.seals.append(try seal(row)) }
        return page
    }

    static func strandedSeals(_ db: Database) throws -> [AuditSealRow] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT sequence, at, hash, signature, key_id FROM audit_seal
                WHERE sequence > (SELECT COALESCE(MAX(sequence), 0) FROM audit) ORDER BY sequence, rowid LIMIT :limit
                """, arguments: ["limit": strandedLimit])
        return try rows.map(seal)
    }

    /// One is enough to know that the log was cut.
    private static let strandedLimit = 1_000

    private static func seal(_ row: Row) throws -> AuditSealRow {
        AuditSealRow(
            sequence: try row.sequence(0), at: try row.time(1), hash: try row.octets(2), signature: try row.octets(3),
            keyID: try row.text(4))
    }
}
