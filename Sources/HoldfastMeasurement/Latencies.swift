import Histogram
import HoldfastRuntime

/// How long something took, many times: an HDR histogram with three digits, from 1 ns to a minute.
public struct Latencies: Sendable {
    private static let longest: UInt64 = 60_000_000_000

    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1, highestTrackableValue: Self.longest, numberOfSignificantValueDigits: .three)

    public init() {}

    /// Spans outside of the range count as its nearest end.
    public mutating func record(_ span: Duration) {
        _ = histogram.record(min(UInt64(max(1, span.nanoseconds)), Self.longest))
    }

    public mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    public var count: Int { Int(histogram.totalCount) }

    /// The span that `percentile` (0...100) percent of all did not exceed; nil when nothing was recorded.
    public func percentile(_ percentile: Double) -> Duration? {
        count == 0 ? nil : .nanoseconds(Int64(histogram.valueAtPercentile(percentile)))
    }
}
