import HoldfastRuntime

/// How long a holder may believe in its lease.
struct Validity: Sendable, Hashable {
    let until: Instant

    /// The lease counts from before the first request, and ends early by what clocks may drift apart: 1 % of the TTL
    /// and 2 ms for their granularity (Redis' own expiry has a resolution of 1 ms).
    init(start: Instant, ttl: Duration) {
        until = start.advanced(by: ttl - ttl / 100 - .milliseconds(2))
    }

    func remaining(at now: Instant) -> Duration { now.duration(to: until) }
}
