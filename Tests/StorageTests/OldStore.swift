import GRDB

/// Files as earlier versions of the program wrote them. What stands here is never changed.
enum OldStore {
    /// Records without an audit log.
    static func version1(at path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: first) }
        try queue.close()
    }

    private static let first = """
        PRAGMA application_id = 1163215699;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1 records');
        CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
        INSERT INTO meta VALUES ('system', 'mc.fr.example'), ('created', '1');
        CREATE TABLE commits (
            sequence INTEGER PRIMARY KEY NOT NULL, at INTEGER NOT NULL, sum INTEGER NOT NULL, digest INTEGER NOT NULL
        ) STRICT;
        INSERT INTO commits VALUES (3, 1000, 7529287739197610837, 1444697029902149699);
        CREATE TABLE record (
            kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, sequence INTEGER NOT NULL,
            sum INTEGER NOT NULL, PRIMARY KEY (kind, key)
        ) STRICT;
        INSERT INTO record VALUES ('user', 'sip:anne@fr.example', CAST('{}' AS BLOB), 3, 1444697029902149699);
        CREATE TABLE change (
            sequence INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB,
            PRIMARY KEY (sequence, position)
        ) STRICT;
        INSERT INTO change VALUES (3, 0, 'user', 'sip:anne@fr.example', CAST('{}' AS BLOB));
        """
}
