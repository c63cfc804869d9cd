public import HoldfastLocks
import HoldfastRuntime

extension JobContext {
    /// Runs `body` under a lock of the lock nodes that the worker was given (``HandlerRegistry/locks``).
    ///
    /// Pass the *lock's* token to the resource that it guards: `lease.token`. When the lease is lost `body`'s task is
    /// cancelled; when the job is cancelled the lock is freed after `body` has ended.
    /// - Parameters:
    ///   - ttl: How long the lock stays with a worker that has died.
    ///   - wait: How long to try while others hold it. A job that should not block its slot throws ``RetryLater``
    ///     instead of waiting long.
    /// - Throws: ``JobsError`` with `noLocks` without lock nodes; `LockError` when the lock was not acquired or the
    ///   lease was lost; otherwise what `body` throws.
    public func withLock<Result: Sendable>(
        _ name: String, ttl: Duration = .seconds(10), wait: LockWait = .upTo(.seconds(10)),
        _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        guard let locks else {
            throw JobsError(.noLocks, "this worker has no lock nodes: set `locks` of its HandlerRegistry")
        }
        return try await locks.withLock(LockName(name), ttl: ttl, wait: wait, body)
    }
}
