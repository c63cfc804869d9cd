import Foundation
import GRDB
import HoldfastDigest
public import HoldfastLocks
public import HoldfastResources
import HoldfastRuntime

/// A fenced value in an SQLite file; ``SQLiteStore/resource(_:retention:)`` makes one.
public struct SQLiteResource: FencedResource {
    public let name: String
    let store: SQLiteStore
    let retention: Duration

    private var id: Data { Data(name.utf8) }

    public func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        return try await store.write { db in
            let row = try Self.row(db, id)
            if token.rawValue < row.fence { return .failure(stale(token, row.fence)) }
            if token.rawValue > row.fence {
                try db.execute(
                    sql: """
                        INSERT INTO resource (name, fence) VALUES (?, ?)
                        ON CONFLICT (name) DO UPDATE SET fence = excluded.fence
                        """, arguments: [id, token.rawValue])
            }
            return .success(row.value)
        }
    }

    public func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        let row: Row
        do {
            row = try await store.queue.read { db in try Self.row(db, id) }
        } catch {
            throw .unavailable(StoreError(caught: error, path: store.path))
        }
        if token.rawValue < row.fence { throw stale(token, row.fence) }
        return row.value
    }

    public func apply(
        _ value: [UInt8], token: FencingToken, key: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        try ResourceBounds.check(token)
        try ResourceBounds.check(valueBytes: value.count)
        let digest = Data(SHA256.digest(of: value))
        let now = Int64(store.runtime.wallTime.microseconds / 1_000_000)
        return try await store.write { db in
            try Self.forgetSome(db, now: now)
            if let first = try Self.record(db, id, key, now: now) {
                if first.digest != digest { return .failure(.keyReused(key: key.text)) }
                return .success(first.receipt)
            }
            let row = try Self.row(db, id, withValue: false)
            if token.rawValue < row.fence { return .failure(stale(token, row.fence)) }
            let receipt = WriteReceipt(token: token, sequence: row.sequence + 1, isReplay: false)
            try db.execute(
                sql: """
                    INSERT INTO resource (name, fence, sequence, value) VALUES (?, ?, ?, ?)
                    ON CONFLICT (name) DO UPDATE
                    SET fence = excluded.fence, sequence = excluded.sequence, value = excluded.value
                    """, arguments: [id, token.rawValue, receipt.sequence, Data(value)])
            let seconds = (retention.milliseconds + 999) / 1000
            try db.execute(
                sql: """
                    INSERT INTO once (resource, key, token, sequence, digest, expires) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (resource, key) DO UPDATE
                    SET token = excluded.token, sequence = excluded.sequence, digest = excluded.digest,
                        expires = excluded.expires
                    """,
                arguments: [
                    id, Data(key.text.utf8), token.rawValue, receipt.sequence, digest, now + seconds,
                ])
            return .success(receipt)
        }
    }

    // MARK: -

    private struct Row: Sendable {
        var fence: Int64 = 0
        var sequence: Int64 = 0
        var value: [UInt8]?
    }

    private static func row(_ db: Database, _ id: Data, withValue: Bool = true) throws -> Row {
        let sql = "SELECT fence, sequence, \(withValue ? "value" : "NULL AS value") FROM resource WHERE name = ?"
        guard let row = try GRDB.Row.fetchOne(db, sql: sql, arguments: [id]) else { return Row() }
        let value = row["value"] as Data?
        return Row(fence: row["fence"], sequence: row["sequence"], value: value.map { Array($0) })
    }

    private static func record(
        _ db: Database, _ id: Data, _ key: IdempotencyKey, now: Int64
    ) throws -> (digest: Data, receipt: WriteReceipt)? {
        let row = try GRDB.Row.fetchOne(
            db, sql: "SELECT token, sequence, digest FROM once WHERE resource = ? AND key = ? AND expires > ?",
            arguments: [id, Data(key.text.utf8), now])
        guard let row else { return nil }
        let token = FencingToken(rawValue: row["token"])
        return (row["digest"], WriteReceipt(token: token, sequence: row["sequence"], isReplay: true))
    }

    /// A few with every write, so that no write pays for all.
    private static func forgetSome(_ db: Database, now: Int64) throws {
        try db.execute(
            sql: "DELETE FROM once WHERE rowid IN (SELECT rowid FROM once WHERE expires <= ? LIMIT 64)",
            arguments: [now])
    }

    private func stale(_ token: FencingToken, _ fence: Int64) -> ResourceError {
        .stale(resource: name, token: token, fence: FencingToken(rawValue: fence))
    }
}
