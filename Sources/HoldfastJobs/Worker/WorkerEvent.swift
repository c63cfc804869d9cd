public import HoldfastRedis

/// One execution of a job, for observers.
public struct ExecutionInfo: Sendable, Hashable {
    public let jobID: JobID
    public let queue: QueueName
    public let executionID: String
    public let attempt: Int
    public let token: Int64
    /// From when the job entered its queue until it was taken, by the server's clock; nil where that is unknown.
    public var waited: Duration?
    /// How long the handler ran, once it has ended; nil where that is unknown.
    public var ran: Duration?
}

/// What happens in a worker. Observers are called in the worker's tasks and must return quickly.
///
/// Each execution that was ``taken(_:)`` ends in exactly one of ``finished(_:)``, ``failed(_:reason:next:)``,
/// ``jobStopped(_:)``, ``leaseLost(_:)``, ``staleCompletionRefused(_:)``, ``outcomeDropped(_:_:)`` and
/// ``returned(_:)``.
public enum WorkerEvent: Sendable, Hashable {
    /// It is registered and begins to take jobs.
    case started(name: String)
    case taken(ExecutionInfo)
    case finished(ExecutionInfo)
    /// An execution failed; `next` says what becomes of the job.
    case failed(ExecutionInfo, reason: String, next: AfterFailure)
    /// Somebody stopped the job for good; its handler is cancelled.
    case jobStopped(ExecutionInfo)
    /// The execution is not, or not provably, ours any more; its handler is cancelled.
    case leaseLost(ExecutionInfo)
    /// An outcome came after the execution had been taken away; nothing was written.
    case staleCompletionRefused(ExecutionInfo)
    /// The outcome could not be recorded; the lease will run out and the job be repaired.
    case outcomeDropped(ExecutionInfo, RedisError)
    /// Ended unfinished, without spending a retry: given back, unless others had it already.
    case returned(ExecutionInfo)
    /// This worker's maintenance repaired somebody's execution.
    case recovered(Recovery)
    /// Ids in a queue that had no waiting job behind them.
    case skipped(count: Int)
    /// Redis cannot be used at present; the worker tries again.
    case troubled(RedisError)
    case stopped

    public enum AfterFailure: String, Sendable, Hashable {
        case failed, requeued, scheduled
    }
}

/// An execution whose lease ran out, and what became of its job.
public struct Recovery: Sendable, Hashable {
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// It is at the front of its queue again.
        case requeued
        /// It had crashed too often, and is failed.
        case failed
        /// Only the registration was removed: the job is gone, over, or runs elsewhere.
        case dropped
    }

    public let queue: QueueName
    public let jobID: JobID
    public let executionID: String
    /// The worker that lost it; empty when that is unknown.
    public let workerName: String
    public let crashes: Int
    public let action: Action
    /// From the end of the lease until the repair.
    public let delay: Duration

    init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count == 7, let queue = parts[0].text, let job = parts[1].text,
            let execution = parts[2].text, let worker = parts[3].text, let crashes = parts[4].integer,
            let action = parts[5].text.flatMap(Action.init(rawValue:)), let overdue = parts[6].integer
        else { return nil }
        self.queue = QueueName(unchecked: queue)
        jobID = JobID(unchecked: job)
        executionID = execution
        workerName = worker
        self.crashes = Int(crashes)
        self.action = action
        delay = .milliseconds(overdue)
    }
}
