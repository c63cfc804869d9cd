import GRDB
import HoldfastResources

extension StoreError {
    /// What SQLite said. A transaction that failed was rolled back; only where the disk itself failed is that unsure.
    init(_ error: DatabaseError, path: String) {
        let words = error.message ?? "no more is known"
        let (code, outcome, sentence): (Code, Outcome, String) =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
                (.busy, .notWritten, "another connection kept it locked for too long")
            case .SQLITE_FULL: (.full, .notWritten, "the disk is full")
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: (.denied, .notWritten, "it may only be read")
            case .SQLITE_CANTOPEN: (.unreachable, .notWritten, "it cannot be opened: is its directory there, and ours?")
            case .SQLITE_NOTADB: (.foreign, .notWritten, "not an SQLite database: name a file of its own")
            case .SQLITE_CORRUPT: (.damaged, .notWritten, "the database is damaged: restore it, see sqlite3's .recover")
            case .SQLITE_NOMEM, .SQLITE_TOOBIG: (.failed, .notWritten, "the value is too large for SQLite")
            case .SQLITE_INTERRUPT: (.cancelled, .unknown, "cancelled")
            default: (.failed, .unknown, "SQLite failed")
            }
        self.init(code, outcome, "\(sentence) (SQLite \(error.extendedResultCode.rawValue): \(words))", at: path)
    }

    /// Any error of a database access.
    init(caught error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(error, path: path)
        // The commit may have come first.
        case is CancellationError: self.init(.cancelled, .unknown, "cancelled", at: path)
        default: self.init(.failed, .unknown, "\(error)", at: path)
        }
    }
}
