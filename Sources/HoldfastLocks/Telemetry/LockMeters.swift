import CoreMetrics
import HoldfastRuntime

/// A cluster's metrics; see ``LockTelemetry``.
final class LockMeters: Sendable {
    private let attempts: [Attempt: CoreMetrics.Timer]
    private let rounds: Recorder
    private let validity: Recorder
    private let renewals: Counter
    private let losses: Counter
    private let releases: Counter
    private let held: Meter
    private let voting: [Meter]
    private let replies: [CoreMetrics.Timer]
    /// Whether anybody takes the metrics: what costs a look at the clock is left out otherwise.
    let isUsed: Bool

    private struct Attempt: Hashable {
        var mode: LockMode
        var outcome: String
    }

    /// - Parameter nodes: The nodes' names, in the order of the configuration.
    init(_ factory: any MetricsFactory, nodes: [String]) {
        isUsed = !(factory is NOOPMetricsHandler)
        let prefix = "holdfast_lock_"
        var attempts: [Attempt: CoreMetrics.Timer] = [:]
        for mode in [LockMode.exclusive, .shared] {
            for outcome in ["acquired", "held", "unavailable", "cancelled", "invalid"] {
                attempts[Attempt(mode: mode, outcome: outcome)] = Timer(
                    label: prefix + "acquire_seconds", dimensions: [("mode", mode.rawValue), ("outcome", outcome)],
                    factory: factory)
            }
        }
        self.attempts = attempts
        rounds = Recorder(label: prefix + "rounds", factory: factory)
        validity = Recorder(label: prefix + "validity_left_seconds", factory: factory)
        renewals = Counter(label: prefix + "renewals", factory: factory)
        losses = Counter(label: prefix + "losses", factory: factory)
        releases = Counter(label: prefix + "releases", factory: factory)
        held = Meter(label: prefix + "held", factory: factory)
        voting = nodes.map { Meter(label: prefix + "node_voting", dimensions: [("node", $0)], factory: factory) }
        replies = nodes.map {
            Timer(label: prefix + "node_reply_seconds", dimensions: [("node", $0)], factory: factory)
        }
    }

    func acquired(_ lease: Lease, after waited: Duration, at now: Instant) {
        guard isUsed else { return }
        attempts[Attempt(mode: lease.mode, outcome: "acquired")]?.recordNanoseconds(waited.nanoseconds)
        rounds.record(lease.rounds)
        validity.record(now.duration(to: lease.validUntil).seconds)
        held.increment()
    }

    func refused(_ mode: LockMode, _ error: LockError, after waited: Duration) {
        guard isUsed else { return }
        let outcome =
            switch error {
            case .held: "held"
            case .unavailable, .lost: "unavailable"
            case .cancelled: "cancelled"
            case .invalid: "invalid"
            }
        attempts[Attempt(mode: mode, outcome: outcome)]?.recordNanoseconds(waited.nanoseconds)
    }

    func renewed() { renewals.increment() }

    func lost() {
        losses.increment()
        held.decrement()
    }

    /// - Parameter wasHeld: Whether the lease had neither been lost nor released before.
    func released(wasHeld: Bool) {
        releases.increment()
        if wasHeld { held.decrement() }
    }

    func node(_ index: Int, isVoting: Bool) { voting[index].set(isVoting ? 1 : 0) }

    func replied(_ index: Int, after elapsed: Duration) { replies[index].recordNanoseconds(elapsed.nanoseconds) }
}
