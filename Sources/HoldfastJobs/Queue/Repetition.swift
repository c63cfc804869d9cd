/// Runs a job again after each success: RQ's `Repeat`.
public struct Repetition: Sendable, Hashable {
    /// How many more times after the first success, 1 to ``maximumTimes``.
    public var times: Int
    /// The pauses, in whole seconds (rounded up); the last one serves for the rest. Empty: at once.
    public var intervals: [Duration]

    public static let maximumTimes = 1_000_000
    public static let maximumIntervals = 1000

    public init(times: Int, intervals: [Duration] = []) {
        self.times = times
        self.intervals = intervals
    }

    func fields() throws(JobsError) -> [JobField] {
        guard (1...Self.maximumTimes).contains(times), intervals.count <= Self.maximumIntervals,
            intervals.allSatisfy({ $0 >= .zero })
        else {
            throw JobsError(
                .invalid,
                "a job repeats 1 to \(Self.maximumTimes) times, after at most \(Self.maximumIntervals) intervals, none "
                    + "of them negative")
        }
        let seconds = (intervals.isEmpty ? [.zero] : intervals).map(\.secondsRoundedUp)
        return [JobField("repeats_left", String(times)), JobField("repeat_intervals", JSONList.write(seconds))]
    }
}
