import GRDB
import HoldfastResources

/// The tables, and how a file is known as ours. Names and keys are blobs: SQLite compares them byte by byte, and a NUL
/// is a byte like any other.
enum SQLiteSchema {
    /// "HFRS", for `file(1)` and for us.
    static let applicationID: Int64 = 0x4846_5253
    static let version: Int64 = 1

    private static let tables = """
        CREATE TABLE resource (
            name BLOB NOT NULL PRIMARY KEY,
            fence INTEGER NOT NULL,
            sequence INTEGER NOT NULL DEFAULT 0,
            value BLOB
        ) STRICT;
        CREATE TABLE once (
            resource BLOB NOT NULL,
            key BLOB NOT NULL,
            token INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            digest BLOB NOT NULL,
            expires INTEGER NOT NULL,
            PRIMARY KEY (resource, key)
        ) STRICT;
        CREATE INDEX once_expires ON once (expires);
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// Readies a connection for work. A file that is not ours is refused before anything in it is changed.
    static func prepare(_ db: Database, path: String) throws {
        try check(db, path: path)
        // Kept in the file. A commit is one append and one fsync, and readers do not wait for the writer.
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            let message = "SQLite keeps no write-ahead log here (\(mode ?? "none")): use a file on a local disk"
            throw StoreError(.failed, .notWritten, message, at: path)
        }
        // Of the connection: a commit that returned survives a loss of power. NORMAL would only survive a crash.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.inTransaction(.immediate) {
            if try check(db, path: path) { try db.execute(sql: tables) }
            return .commit
        }
    }

    /// - Returns: Whether the file is blank.
    @discardableResult
    private static func check(_ db: Database, path: String) throws -> Bool {
        let id = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if id == 0, found == 0, tables == 0 { return true }
        guard id == applicationID else {
            throw StoreError(.foreign, .notWritten, "another program's database: name a file of its own", at: path)
        }
        guard found <= version else {
            let message = "its schema has version \(found), this program knows \(version): use the later program"
            throw StoreError(.newer, .notWritten, message, at: path)
        }
        return false
    }
}
