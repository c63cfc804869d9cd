/// How a worker works.
public struct WorkerConfiguration: Sendable, Hashable {
    /// Unique among live workers: 1 to 128 printable ASCII characters without spaces. Nil draws one.
    public var name: String?
    /// How many jobs run at once.
    public var concurrency = 4
    /// How long an execution stays registered without a renewal; renewed three times as often. A crashed worker's
    /// jobs run again this long after its last renewal, plus at most ``maintenanceInterval``. At least 500 ms.
    public var lease: Duration = .seconds(15)
    /// How often this worker looks for expired executions and for scheduled jobs that are due.
    public var maintenanceInterval: Duration = .seconds(1)
    /// After this many executions that ended with a lost worker a job is failed instead of run again.
    public var crashLimit = 5
    /// How long running jobs may take to finish after the first ``Worker/shutdown()``.
    public var grace: Duration = .seconds(30)
    /// How long cancelled handlers may take to return before their jobs are given back without them.
    public var unwinding: Duration = .seconds(2)
    /// Ends when its queues are empty and its jobs are done, instead of waiting for more.
    public var burst = false
    /// Which of its queues it looks at first.
    public var order = QueueOrder.strict
    /// Ends after this many executions; nil means never. Those that it gave back unfinished count too.
    public var maximumJobs: Int?
    /// Ends when it has had nothing to do for so long; nil means never.
    public var maximumIdle: Duration?

    /// RQ's own maintenance (also `rq info`) fails a started job whose score in `rq:wip` has passed, unless it has
    /// retries left. Our scores there lie this much behind the end of our lease, so that our repair, which runs the
    /// job again, comes first; and when no worker of ours is left, Python's takes over after it. In seconds; fixed,
    /// because all workers of a queue must agree.
    static let margin = 600
    /// A worker without a heartbeat is off RQ's lists after this time, in seconds.
    static let staysListed = 60
    static let heartbeatInterval: Duration = .seconds(5)
    /// Executions repaired, and jobs promoted, a queue and pass.
    static let maintenanceBatch = 100
    /// Unique keys, groups, and members of each that a sweep looks at, a few hundred quick commands; and how many
    /// sweeps follow each other in a pass at most: 2000 keys and 400 groups.
    static let sweepSample = [100, 20, 10]
    static let maximumSweeps = 20
    /// Leases renewed in one call.
    static let renewalBatch = 500
    /// Queues that get a connection of their own to wait on; further ones are looked at in the rhythm of maintenance.
    static let maximumWatchedQueues = 8

    public init() {}

    /// - Throws: ``JobsError`` with `invalid`.
    func validate(queues: [QueueName]) throws(JobsError) {
        try JobsError.require((1...1000).contains(queues.count), "a worker needs 1 to 1000 queues, not \(queues.count)")
        try JobsError.require(Set(queues).count == queues.count, "a queue is named twice")
        try JobsError.require(
            (1...10_000).contains(concurrency), "the concurrency must be 1 to 10000, not \(concurrency)")
        try JobsError.require(
            (.milliseconds(500) ... .seconds(3600)).contains(lease), "the lease must be 0.5 s to 3600 s, not \(lease)")
        try JobsError.require(
            (.milliseconds(10) ... .seconds(60)).contains(maintenanceInterval),
            "the maintenance interval must be 10 ms to 60 s, not \(maintenanceInterval)")
        try JobsError.require(
            (1...1_000_000).contains(crashLimit), "the crash limit must be at least 1, not \(crashLimit)")
        try JobsError.require(grace >= .zero && unwinding >= .zero, "the spans of a shutdown must not be negative")
        if case .weighted(let weights) = order {
            try JobsError.require(
                weights.count == queues.count && weights.allSatisfy((1...1000).contains),
                "weights must be 1 to 1000, one for each of the \(queues.count) queues")
        }
        try JobsError.require(maximumJobs.map { $0 >= 1 } ?? true, "a worker must run at least 1 job")
        try JobsError.require(maximumIdle.map { $0 >= .zero } ?? true, "the longest idle time must not be negative")
        if let name {
            let isPlain = name.utf8.allSatisfy { (33...126).contains($0) }
            try JobsError.require(
                (1...128).contains(name.utf8.count) && isPlain,
                "\"\(name.prefix(80))\" is no worker name: use 1 to 128 printable ASCII characters without spaces")
        }
    }

    var limits: Roster.Limits {
        Roster.Limits(
            concurrency: concurrency, burst: burst, maximumJobs: maximumJobs, maximumIdle: maximumIdle,
            unwinding: unwinding)
    }
}
