import Administration
import Foundation
import GRDB
import MCFoundation
import Storage

/// Commits and their changes as rows.
enum CommitRows {
    static func sequence(_ db: Database) throws -> UInt64 {
        guard let row = try Row.fetchOne(db, sql: "SELECT COALESCE(MAX(sequence), 0) FROM commits") else { return 0 }
        return try row.sequence(0)
    }

    /// Of the records that there are after the last commit.
    static func digest(_ db: Database) throws -> Int64 {
        let last = try Row.fetchOne(db, sql: "SELECT digest FROM commits ORDER BY sequence DESC LIMIT 1")
        return try last?.number(0) ?? 0
    }

    /// Where commits are kept that follow on `known`, the latest one.
    static func end(_ db: Database, after known: UInt64) throws -> UInt64 {
        let last = try sequence(db)
        guard known <= last else { throw StoreError.ahead(known, last) }
        guard known < last else { return last }
        let first = try Row.fetchOne(db, sql: "SELECT MIN(sequence) FROM commits")
        guard let first, try first.sequence(0) <= known + 1 else { throw StoreError.forgotten(known) }
        return last
    }

    /// The commits after `known` up to `last`, which are known to exist.
    static func commits(_ db: Database, after known: UInt64, through last: UInt64) throws -> [Commit] {
        guard known < last else { return [] }
        var commits: [Commit] = []
        var sums: [Int64] = []
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT commits.sequence, at, sum, kind, key, body
                FROM commits JOIN change ON change.sequence = commits.sequence
                WHERE commits.sequence > ? AND commits.sequence <= ?
                ORDER BY commits.sequence, position
                """, arguments: [known.kept, last.kept])
        while let row = try rows.next() {
            let sequence = try row.sequence(0)
            if commits.last?.sequence != sequence {
                commits.append(Commit(sequence: sequence, at: try row.time(1), changes: []))
                sums.append(try row.number(2))
            }
            let (kind, key) = (try row.text(3), try row.text(4))
            let body = try row.optionalOctets(5)
            commits[commits.count - 1].changes.append(
                body.map { .put(StoredRecord(kind: kind, key: key, body: $0)) } ?? .delete(kind: kind, key: key))
        }
        for (commit, sum) in zip(commits, sums) where KeptSums.of(commit) != sum {
            throw StoreError(.corrupt, "commit \(commit.sequence) is damaged")
        }
        guard commits.map(\.sequence) == Array(known + 1...last) else {
            throw StoreError(.corrupt, "there is a gap in the commits \(known + 1) to \(last)")
        }
        return commits
    }

    static func append(_ commit: Commit, _ db: Database, digest: Int64, keeping: Int) throws {
        try db.execute(
            sql: "INSERT INTO commits (sequence, at, sum, digest) VALUES (?, ?, ?, ?)",
            arguments: [commit.sequence.kept, commit.at.microseconds, KeptSums.of(commit), digest])
        let log = try db.makeStatement(
            sql: "INSERT INTO change (sequence, position, kind, key, body) VALUES (?, ?, ?, ?, ?)")
        for (position, change) in commit.changes.enumerated() {
            let (kind, key) = change.name
            var body: Data?
            if case .put(let record) = change { body = Data(record.body) }
            try log.execute(arguments: [commit.sequence.kept, position, kind, key, body])
        }
        // The latest one always stays: it holds the sequence.
        let forgotten = commit.sequence.kept - Int64(max(1, keeping))
        try db.execute(sql: "DELETE FROM change WHERE sequence <= ?", arguments: [forgotten])
        try db.execute(sql: "DELETE FROM commits WHERE sequence <= ?", arguments: [forgotten])
    }
}
