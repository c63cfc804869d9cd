import HoldfastRuntime

/// How long a holder may believe in its lease.
struct Validity: Sendable, Hashable {
    let until: Instant

    /// The lease counts from before the first request, and ends early by what clocks may drift apart: 1 % of the TTL
    /// and 2 ms for their granularity (Redis' own expiry has a resolution of 1 ms).
    init(start: Instant, ttl: Duration) {
        // In whole nanoseconds: a Duration is divided in 128 bits, which every lock would pay for.
        let span = ttl.nanoseconds
        until = start.advanced(by: .nanoseconds(span - span / 100 - 2_000_000))
    }

    func remaining(at now: Instant) -> Duration { now.duration(to: until) }
}
