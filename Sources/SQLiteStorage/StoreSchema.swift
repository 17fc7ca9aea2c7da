import GRDB

/// The tables, and how an older file gets them. A migration that was released is never changed.
enum StoreSchema {
    /// `EUCS`: marks the file as ours.
    static let application = 0x4555_4353
    /// To which the write-ahead log is cut back when it could be emptied.
    static let journalOctets = 64 << 20

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 records", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: "PRAGMA application_id = \(application)")
            try db.execute(sql: records)
        }
        migrator.registerMigration("2 audit", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: audit)
        }
        migrator.registerMigration("3 expiring", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: expiring)
        }
        return migrator
    }()

    /// SQLite sees damage to its own structure but not to a value. So `record.sum` covers its row, `commits.sum` the
    /// commit with its changes, and `commits.digest` combines the sums of all records that there are after it.
    private static let records = """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        ) STRICT;
        CREATE TABLE commits (
            sequence INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            sum INTEGER NOT NULL,
            digest INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE record (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            sum INTEGER NOT NULL,
            PRIMARY KEY (kind, key)
        ) STRICT;
        CREATE TABLE change (
            sequence INTEGER NOT NULL,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB,
            PRIMARY KEY (sequence, position)
        ) STRICT;
        """

    /// What is kept until a time. `sum` covers its row.
    private static let expiring = """
        CREATE TABLE expiring (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB NOT NULL,
            until INTEGER NOT NULL,
            sum INTEGER NOT NULL,
            PRIMARY KEY (kind, key)
        ) STRICT;
        CREATE INDEX expiring_until ON expiring (until);
        """

    /// A personal value is kept as octets, for a peer may have put a NUL in it.
    private static let audit = """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            record BLOB NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX audit_at ON audit (at);
        CREATE TABLE audit_personal (
            sequence INTEGER NOT NULL,
            field INTEGER NOT NULL,
            name TEXT NOT NULL,
            salt BLOB NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (sequence, field)
        ) STRICT;
        CREATE TABLE audit_seal (
            sequence INTEGER NOT NULL,
            key_id TEXT NOT NULL,
            at INTEGER NOT NULL,
            hash BLOB NOT NULL,
            signature BLOB NOT NULL,
            PRIMARY KEY (sequence, key_id)
        ) STRICT;
        """
}
