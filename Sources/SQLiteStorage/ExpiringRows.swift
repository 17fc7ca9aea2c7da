import Administration
import Foundation
import GRDB
import MCFoundation
import Storage

/// What is kept until a time, as rows.
enum ExpiringRows {
    static func all(_ db: Database, at now: UTCTime) throws -> [ExpiringRecord] {
        var found: [ExpiringRecord] = []
        try forEach(db) { expiring, isWhole in
            guard isWhole else { throw StoreError(.corrupt, "a \(expiring.record.kind) is damaged") }
            if expiring.until > now { found.append(expiring) }
        }
        return found
    }

    /// In the order of octets, the expired ones too.
    static func forEach(_ db: Database, _ body: (ExpiringRecord, _ isWhole: Bool) throws -> Void) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT kind, key, body, until, sum FROM expiring ORDER BY kind, key")
        while let row = try rows.next() {
            let expiring = ExpiringRecord(
                StoredRecord(kind: try row.text(0), key: try row.text(1), body: try row.octets(2)),
                until: try row.time(3))
            try body(expiring, try row.number(4) == KeptSums.of(expiring))
        }
    }

    static func apply(_ changes: [ExpiringChange], _ db: Database, at now: UTCTime) throws {
        let put = try db.makeStatement(
            sql: """
                INSERT INTO expiring (kind, key, body, until, sum) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (kind, key) DO UPDATE
                SET body = excluded.body, until = excluded.until, sum = excluded.sum
                """)
        let delete = try db.makeStatement(sql: "DELETE FROM expiring WHERE kind = ? AND key = ?")
        for change in changes {
            switch change {
            case .put(let expiring):
                let record = expiring.record
                try put.execute(
                    arguments: [
                        record.kind, record.key, Data(record.body), expiring.until.microseconds, KeptSums.of(expiring),
                    ])
            case .delete(let kind, let key): try delete.execute(arguments: [kind, key])
            }
        }
        try db.execute(sql: "DELETE FROM expiring WHERE until <= ?", arguments: [now.microseconds])
    }
}
