import HoldfastRuntime
import Synchronization

/// How long an attempt waits for the nodes that it has asked before it asks others: longer than attempts take when
/// nothing hinders them.
///
/// The estimate is that of TCP for its retransmissions (RFC 6298): the smoothed duration and four times its smoothed
/// deviation, from one attempt at a time. Of an attempt that needed others because it took too long, the time counts
/// from when those were asked: where one node is slow that is as short as ever, where everything has become slower it
/// is not, and the estimate follows.
final class HedgeDelay: Sendable {
    /// Until the first attempt has succeeded.
    static let unknown = Duration.milliseconds(20)

    /// In ns.
    private struct Estimate {
        var smoothed: Int64
        var deviation: Int64
        /// What ends before this was under way together with what came last.
        var next: Instant

        var delay: Int64 { smoothed + 4 * deviation }
    }

    private let estimate = Mutex<Estimate?>(nil)
    private let shortest: Duration

    init(shortest: Duration) { self.shortest = shortest }

    /// An attempt has taken `taken` from when those whom it needed were asked.
    func note(_ taken: Duration, at now: Instant, within limit: Duration) {
        // A process that was suspended meanwhile learns nothing from that.
        guard taken <= limit else { return }
        let taken = taken.nanoseconds
        estimate.withLock { estimate in
            guard var known = estimate else {
                return estimate = Estimate(smoothed: taken, deviation: taken / 2, next: now)
            }
            guard known.next <= now else { return }
            known.deviation += (abs(taken - known.smoothed) - known.deviation) / 4
            known.smoothed += (taken - known.smoothed) / 8
            known.next = now.advanced(by: .nanoseconds(known.smoothed))
            estimate = known
        }
    }

    /// At most half of `limit`, the time that an attempt has.
    func current(within limit: Duration) -> Duration {
        let usual = estimate.withLock { $0.map { .nanoseconds($0.delay) } } ?? Self.unknown
        return min(max(usual, shortest), limit / 2)
    }
}
