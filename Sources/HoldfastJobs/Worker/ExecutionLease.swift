import HoldfastRuntime
import Synchronization

/// How long an execution may believe that it is registered, on this machine's clock.
///
/// Counted from before the claim or the renewal was sent, so it ends earlier here than at the server.
final class ExecutionLease: Sendable {
    private let end: Mutex<Instant>

    init(deadline: Instant) { end = Mutex(deadline) }

    var deadline: Instant { end.withLock { $0 } }

    /// Renewals may be answered out of order; none shortens the lease.
    func extend(to deadline: Instant) { end.withLock { $0 = max($0, deadline) } }
}
