/// A point in civil time: microseconds since 1970-01-01T00:00:00Z. May jump; never used to judge a lease.
public struct WallTime: Sendable, Hashable, Comparable, Codable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Seconds since the epoch with their fraction, as RQ writes them.
    public var seconds: Double { Double(microseconds) / 1e6 }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }
}
