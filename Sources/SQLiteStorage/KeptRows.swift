import Administration
import Foundation
import GRDB
import MCFoundation
import Storage

/// Records as rows, and how a commit changes them.
enum KeptRows {
    static func contents(_ db: Database) throws -> StoreContents {
        var contents = StoreContents(sequence: try CommitRows.sequence(db), records: [])
        let digest = try forEachRecord(db) { record, isWhole in
            guard isWhole else {
                throw StoreError(.corrupt, "a \(record.record.kind) of commit \(record.sequence) is damaged")
            }
            contents.records.append(record)
        }
        guard try digest == CommitRows.digest(db) else {
            throw StoreError(.corrupt, "the records are not those of commit \(contents.sequence)")
        }
        return contents
    }

    /// In the order of octets, which is that of the engine for its texts.
    ///
    /// - Returns: the digest of the records.
    static func forEachRecord(_ db: Database, _ body: (KeptRecord, _ isWhole: Bool) throws -> Void) throws -> Int64 {
        var digest: Int64 = 0
        let rows = try Row.fetchCursor(
            db, sql: "SELECT kind, key, body, sequence, sum FROM record ORDER BY kind, key")
        while let row = try rows.next() {
            let kept = KeptRecord(
                record: StoredRecord(kind: try row.text(0), key: try row.text(1), body: try row.octets(2)),
                sequence: try row.sequence(3))
            let sum = KeptSums.of(kept.record, at: kept.sequence)
            digest ^= sum
            try body(kept, try row.number(4) == sum)
        }
        return digest
    }

    /// Makes the changes of a commit.
    ///
    /// - Returns: the digest of all records, after it was `digest` before.
    static func apply(_ commit: Commit, _ db: Database, digest: Int64) throws -> Int64 {
        var digest = digest
        let before = try db.makeStatement(sql: "SELECT sum FROM record WHERE kind = ? AND key = ?")
        let put = try db.makeStatement(
            sql: """
                INSERT INTO record (kind, key, body, sequence, sum) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (kind, key) DO UPDATE
                SET body = excluded.body, sequence = excluded.sequence, sum = excluded.sum
                """)
        let delete = try db.makeStatement(sql: "DELETE FROM record WHERE kind = ? AND key = ?")
        for change in commit.changes {
            let (kind, key) = change.name
            if let row = try Row.fetchOne(before, arguments: [kind, key]) { digest ^= try row.number(0) }
            switch change {
            case .put(let record):
                let sum = KeptSums.of(record, at: commit.sequence)
                try put.execute(arguments: [kind, key, Data(record.body), commit.sequence.kept, sum])
                digest ^= sum
            case .delete:
                try delete.execute(arguments: [kind, key])
            }
        }
        return digest
    }
}

extension RecordChange {
    var name: (kind: String, key: String) {
        switch self {
        case .put(let record): (record.kind, record.key)
        case .delete(let kind, let key): (kind, key)
        }
    }
}
