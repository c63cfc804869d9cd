public import HoldfastRuntime

/// What happens in a ``CronScheduler``.
public enum CronEvent: Sendable, Hashable {
    /// It does the work now: alone, or as the elected leader.
    case working
    /// The job of one tick was enqueued. If ticks were missed, this one stands for all of them.
    case enqueued(entry: String, job: JobID, due: WallTime)
    /// Left out: a job of the tick's id or unique key is live.
    case skipped(entry: String, due: WallTime)
    /// An entry that cannot be read; it is left alone until it is defined anew.
    case unreadable(JobsError)
    /// Redis, or the lock nodes, cannot be used at present; the scheduler tries again.
    case troubled(String)
}
