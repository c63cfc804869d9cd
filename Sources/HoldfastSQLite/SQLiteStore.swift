import Dispatch
package import GRDB
public import HoldfastResources
public import HoldfastRuntime

/// An SQLite file of fenced resources, any number of them.
///
/// Several programs may have the file open: SQLite's own locks make one of them write at a time. Every write is synced
/// before it returns (`journal_mode=WAL`, `synchronous=FULL`): it survives a loss of power, as far as the disk keeps
/// what it was told to. The file must lie on a local disk, as SQLite's write-ahead log wants it.
public final class SQLiteStore: Sendable {
    public let path: String
    package let queue: DatabaseQueue
    let runtime: any Runtime

    /// Opens the file, and makes it a store if it is blank or not there.
    /// - Parameter patience: How long to wait while other connections write, here and in every later call: 10 ms to
    ///   10 minutes.
    /// - Throws: ``ResourceError/unavailable(_:)``: `foreign` for another program's file, `newer` for a later one's,
    ///   `damaged`, `denied`, `busy`, `full`, and `unreachable` where there is no such directory.
    public static func open(
        _ path: String, patience: Duration = .seconds(10), runtime: any Runtime = LiveRuntime()
    ) async throws(ResourceError) -> SQLiteStore {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalid("a path is not empty and has no NUL") }
        guard (.milliseconds(10)...(.seconds(600))).contains(patience) else {
            throw .invalid("the patience is 10 milliseconds to 10 minutes, not \(patience)")
        }
        let deadline = runtime.now.advanced(by: patience)
        while true {
            let attempt = await withCheckedContinuation { continuation in
                // SQLite blocks, so not on a thread of Swift's pool.
                DispatchQueue.global().async { continuation.resume(returning: connect(path, patience)) }
            }
            switch attempt {
            case .success(let queue): return SQLiteStore(path, queue, runtime)
            // A switch of the journal's mode by another process is refused at once, whatever the patience.
            case .failure(let error) where error.code == .busy && runtime.now < deadline:
                do { try await runtime.sleep(for: runtime.jitter(upTo: .milliseconds(20))) } catch {
                    throw .unavailable(StoreError(.cancelled, .notWritten, "cancelled while it waited", at: path))
                }
            case .failure(let error): throw .unavailable(error)
            }
        }
    }

    private init(_ path: String, _ queue: DatabaseQueue, _ runtime: any Runtime) {
        self.path = path
        self.queue = queue
        self.runtime = runtime
    }

    private static func connect(_ path: String, _ patience: Duration) -> Result<DatabaseQueue, StoreError> {
        var configuration = Configuration()
        configuration.label = "holdfast"
        configuration.busyMode = .timeout(patience.seconds)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in try SQLiteSchema.prepare(db, path: path) }
            return .success(queue)
        } catch {
            return .failure(StoreError(caught: error, path: path))
        }
    }

    /// - Parameters:
    ///   - name: 1 to 512 bytes.
    ///   - retention: How long idempotency keys are remembered, by the machine's civil time: 1 second to 36500 days.
    public func resource(
        _ name: String, retention: Duration = .seconds(7 * 86_400)
    ) throws(ResourceError) -> SQLiteResource {
        try ResourceBounds.check(name: name)
        try ResourceBounds.check(retention: retention)
        return SQLiteResource(name: name, store: self, retention: retention)
    }

    /// Closes the file; later calls fail. A store that is dropped closes by itself.
    public func close() throws(ResourceError) {
        do { try queue.close() } catch { throw .unavailable(StoreError(caught: error, path: path)) }
    }

    /// Runs `body` in one transaction that has the file's write lock from its first statement on.
    func write<Value: Sendable>(
        _ body: @Sendable (Database) throws -> Result<Value, ResourceError>
    ) async throws(ResourceError) -> Value {
        let result: Result<Value, ResourceError>
        do {
            result = try await queue.writeWithoutTransaction { db in
                var result: Result<Value, ResourceError>?
                // Without IMMEDIATE two processes could both read, and one would fail only when it writes.
                try db.inTransaction(.immediate) {
                    let found = try body(db)
                    result = found
                    if case .failure = found { return .rollback }
                    return .commit
                }
                guard let result else { preconditionFailure("a transaction that returned has run its body") }
                return result
            }
        } catch {
            throw .unavailable(StoreError(caught: error, path: path))
        }
        return try result.get()
    }
}
