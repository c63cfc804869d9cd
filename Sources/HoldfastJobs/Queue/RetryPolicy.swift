/// What to do when an execution fails: RQ's `Retry`, which Python's workers obey too.
public struct RetryPolicy: Sendable, Hashable {
    /// How many more executions after the first, 1 to ``maximumRetries``.
    public var maximum: Int
    /// The pauses before them, in whole seconds (rounded up). Empty: at once. RQ's rule where there are fewer pauses
    /// than retries: the first one serves for the retries in excess, then they come in turn.
    public var intervals: [Duration]
    /// How much of each pause is left to chance, 0 to 1: with 1 it is uniform between zero and the interval ("full
    /// jitter"). Workers in Python take the whole interval.
    public var jitter: Double
    /// Whether it goes before the jobs that wait.
    public var atFront: Bool

    public static let maximumRetries = 10_000
    /// The most intervals that a policy may list.
    public static let maximumIntervals = 1000

    public init(maximum: Int, intervals: [Duration] = [], jitter: Double = 0, atFront: Bool = false) {
        self.maximum = maximum
        self.intervals = intervals
        self.jitter = jitter
        self.atFront = atFront
    }

    /// Pauses that double from `first` up to `cap`, each drawn uniformly from zero to that (Brooker, *Exponential
    /// Backoff And Jitter*, AWS 2015). At most ``maximumIntervals`` retries.
    public static func exponential(
        _ maximum: Int, first: Duration = .seconds(1), cap: Duration = .seconds(3600), jitter: Double = 1
    ) -> RetryPolicy {
        let cap = max(cap, .seconds(1))
        var intervals: [Duration] = []
        var next = min(max(first, .seconds(1)), cap)
        for _ in 0..<max(0, min(maximum, maximumIntervals + 1)) {
            intervals.append(next)
            next = next > cap / 2 ? cap : next * 2
        }
        return RetryPolicy(maximum: maximum, intervals: intervals, jitter: jitter)
    }

    func fields() throws(JobsError) -> [JobField] {
        guard (1...Self.maximumRetries).contains(maximum), intervals.count <= Self.maximumIntervals,
            intervals.allSatisfy({ $0 >= .zero }), (0...1).contains(jitter)
        else {
            throw JobsError(
                .invalid,
                "retries must be 1 to \(Self.maximumRetries), their intervals at most \(Self.maximumIntervals) and not "
                    + "negative, and their jitter 0 to 1")
        }
        let seconds = (intervals.isEmpty ? [.zero] : intervals).map(\.secondsRoundedUp)
        var fields = [
            JobField("retries_left", String(maximum)), JobField("retry_intervals", JSONList.write(seconds)),
        ]
        if jitter > 0 { fields.append(JobField(JobRecord.OwnField.retryJitter, String(jitter))) }
        if atFront { fields.append(JobField("enqueue_at_front_on_retry", "1")) }
        return fields
    }
}
