import HoldfastJobs
import HoldfastRuntime
import Synchronization

/// Notices when all work of a queue is done.
final class QueueEnd: Sendable {
    /// For so long a queue is quiet only when what is missing is lost.
    private static let patience: Duration = .seconds(3)

    private let quietSince = Mutex<Instant?>(nil)

    /// Whether this many jobs have ended; or none has waited or run for a while, so that the others never will: a queue
    /// that is empty for a moment only is not done.
    func isReached(_ counts: QueueCounts, asked: Int, now: Instant) -> Bool {
        let isQuiet = counts.queued + counts.started + counts.scheduled + counts.deferred == 0
        return quietSince.withLock { since in
            guard isQuiet else {
                since = nil
                return false
            }
            let first = since ?? now
            since = first
            return counts.finished + counts.failed >= asked || first.duration(to: now) >= Self.patience
        }
    }
}
