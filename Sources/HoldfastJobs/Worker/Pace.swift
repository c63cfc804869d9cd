import HoldfastRuntime

/// How many jobs a worker takes ahead of its free slots, so that its handlers need not wait for the next round trip.
///
/// By Little's law `concurrency` slots with handlers of length `r` begin `concurrency · t / r` jobs in a round trip of
/// length `t`. So handlers of seconds take nothing ahead, and those of microseconds many. Since handlers may share
/// fewer cores than there are slots, it is never more than twice what really ended from one round trip to the next.
struct Pace {
    static let maximum = 512
    /// An average over about this many jobs, or round trips.
    private static let memory = 8.0

    private(set) var ahead = 0
    private var run: Double?
    private var trip: Double?

    /// A handler took so long.
    mutating func ran(_ span: Duration) { run = Self.average(run, span) }

    /// A round trip took so long, and so many outcomes went with it.
    mutating func travelled(_ span: Duration, completed: Int, concurrency: Int) {
        trip = Self.average(trip, span)
        guard completed > 0, let run, let trip else { return }
        let needed = Double(concurrency) * trip / max(run, 1e-6)
        ahead = Int(min(needed, Double(2 * completed), Double(Self.maximum)))
    }

    /// Jobs taken ahead had to wait for long.
    mutating func stall() { ahead = 0 }

    private static func average(_ old: Double?, _ span: Duration) -> Double {
        let new = max(0, span.seconds)
        guard let old else { return new }
        return old + (new - old) / memory
    }
}
