/// A point on a clock that only moves forward and that counts the time a machine spends suspended.
///
/// Leases are judged by it: a holder that sleeps with its machine must find its lease expired when it wakes.
public struct Instant: InstantProtocol, Sendable, Hashable {
    /// Nanoseconds since an origin that is fixed for the life of the machine's boot (or of a simulation).
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds + duration.nanoseconds)
    }

    public func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }

    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The span in whole nanoseconds; spans beyond ±292 years are clamped.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// The span in whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// The span in seconds, as a number for printing and for RQ's float timestamps.
    public var seconds: Double { Double(nanoseconds) / 1e9 }
}
