public import HoldfastRuntime

/// A job that is enqueued whenever its schedule says so.
public struct CronEntry: Sendable {
    /// Unique among the entries of a prefix: 1 to ``maximumNameLength`` letters, digits, `_` and `-`.
    public let name: String
    public let schedule: CronSchedule
    public let queue: QueueName
    /// What is enqueued. Its id is drawn from the entry's name and the due time.
    public let job: NewJob

    public static let maximumNameLength = 128

    /// - Parameter job: May have any options but an id, a time and dependencies. With a unique key a tick is left out
    ///   while the job of an earlier one is live.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    public init(_ name: String, _ schedule: CronSchedule, queue: QueueName, _ job: NewJob) throws(JobsError) {
        guard JobID.isValid(name), name.utf8.count <= Self.maximumNameLength else {
            throw JobsError(
                .invalid,
                "\"\(name.prefix(80))\" is no name of a cron entry: use 1 to \(Self.maximumNameLength) letters, "
                    + "digits, _ and -")
        }
        guard job.options.id == nil, job.options.start == nil, job.options.dependencies.isEmpty else {
            throw JobsError(.invalid, "the job of a cron entry can have no id, no time and no dependencies")
        }
        _ = try job.fields(queue: queue)
        self.name = name
        self.schedule = schedule
        self.queue = queue
        self.job = job
    }

    /// The id of the job of one tick: the name and the Unix second that it was due.
    public func jobID(due: WallTime) -> JobID {
        JobID(unchecked: "\(name)-\(due.microseconds / 1_000_000)")
    }
}
