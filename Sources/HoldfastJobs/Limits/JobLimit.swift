import HoldfastRuntime

/// How many jobs of one key, of whatever queues, may be on at the same time, and how fast new ones may come.
///
/// RQ 3.0's `RateLimit`, with a rate beside the concurrency: a job that is over the limit is `rate_limited` and in no
/// queue; it enters its queue when there is room, the oldest first. It holds its place from then on, while it waits in
/// the queue and runs, until it is over or put off (a retry after a pause takes a place again when its time has come).
///
/// Python's producers and workers know the concurrency and obey it; the rate is ours, so what they let in is not
/// counted. The limit belongs to the key: the last job that was enqueued with it decides.
public struct JobLimit: Sendable, Hashable {
    /// 1 to 256 bytes. Shared by all queues of a prefix.
    public var key: String
    /// How many jobs may wait in queues or run, 1 to ``maximumConcurrency``.
    public var concurrency: Int
    public var rate: Rate?

    /// So many jobs in so much time, by a bucket of ``burst`` that fills evenly (the generic cell rate algorithm).
    public struct Rate: Sendable, Hashable {
        /// From one job to the next, on the average: 1 ms to 30 days. Workers look about once a second
        /// (``WorkerConfiguration/maintenanceInterval``), so a burst should hold what comes in that time.
        public var interval: Duration
        /// How many may come at once after a pause, 1 to ``JobLimit/maximumConcurrency``.
        public var burst: Int

        /// `count` jobs in each `period`. Without a `burst`, all of them may come at once.
        public init(_ count: Int, per period: Duration, burst: Int? = nil) {
            interval = period / Double(max(count, 1))
            self.burst = burst ?? count
        }
    }

    public static let maximumConcurrency = 1_000_000
    static let maximumKeyBytes = 256

    public init(_ key: String, concurrency: Int = JobLimit.maximumConcurrency, rate: Rate? = nil) {
        self.key = key
        self.concurrency = concurrency
        self.rate = rate
    }

    /// - Throws: ``JobsError`` with `invalid`.
    func validate() throws(JobsError) {
        try JobsError.require(
            (1...Self.maximumKeyBytes).contains(key.utf8.count),
            "a limit's key takes 1 to \(Self.maximumKeyBytes) bytes")
        try JobsError.require(
            !key.hasSuffix(":allowed") && !key.hasSuffix(":rate_limited"),
            "a limit's key cannot end in :allowed or :rate_limited: RQ's keys of another limit do")
        try JobsError.require(
            (1...Self.maximumConcurrency).contains(concurrency),
            "a limit lets 1 to \(Self.maximumConcurrency) jobs at once, not \(concurrency)")
        guard let rate else { return }
        try JobsError.require(
            rate.interval >= .milliseconds(1) && rate.interval <= .seconds(30 * 86400),
            "a limit's rate is between one job in 30 days and 1000 in a second")
        try JobsError.require(
            (1...Self.maximumConcurrency).contains(rate.burst),
            "a limit's burst is 1 to \(Self.maximumConcurrency) jobs, not \(rate.burst)")
    }

    /// The fields of a job's record: RQ's two, and ours for the rate.
    /// - Throws: ``JobsError`` with `invalid`.
    func fields() throws(JobsError) -> [JobField] {
        try validate()
        var fields = [JobField("rate_limit_key", key), JobField("rate_limit_concurrency", String(concurrency))]
        if let rate {
            fields.append(JobField(JobRecord.OwnField.rateInterval, String(rate.interval.seconds)))
            fields.append(JobField(JobRecord.OwnField.rateBurst, String(rate.burst)))
        }
        return fields
    }

    /// Of a job's record; nil without a limit.
    init?(text: (String) -> String?) {
        guard let key = text("rate_limit_key"), !key.isEmpty,
            let concurrency = text("rate_limit_concurrency").flatMap({ Int($0) })
        else { return nil }
        self.init(key, concurrency: concurrency, rate: Rate(text: text))
    }
}

extension JobLimit.Rate {
    init?(text: (String) -> String?) {
        guard let interval = text(JobRecord.OwnField.rateInterval).flatMap({ Double($0) }), interval > 0,
            interval.isFinite
        else { return nil }
        self.interval = .seconds(min(interval, 1e9))
        burst = text(JobRecord.OwnField.rateBurst).flatMap { Int($0) } ?? 1
    }
}
