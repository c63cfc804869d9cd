import HoldfastRuntime
import Synchronization

/// How long an execution may believe that it is registered, on this machine's clock.
///
/// Counted from before the claim or the renewal was sent, so it ends earlier here than at the server.
final class ExecutionLease: Sendable {
    private let end: Mutex<(deadline: Instant, isRenewed: Bool)>

    init(deadline: Instant) { end = Mutex((deadline, false)) }

    var deadline: Instant { end.withLock { $0.deadline } }

    /// Whether it was renewed since the claim.
    var isRenewed: Bool { end.withLock { $0.isRenewed } }

    /// Renewals may be answered out of order; none shortens the lease.
    func extend(to deadline: Instant) { end.withLock { $0 = (max($0.deadline, deadline), true) } }
}
