import HoldfastLocks
import HoldfastRedis
public import HoldfastRuntime
public import Logging

/// What a handler knows about the execution it is in.
///
/// The handler's task is cancelled when the lease is lost or can no longer be proved, when the job's timeout passes,
/// and at a shutdown. Whatever a handler does after that may happen beside another execution of the same job: effects
/// that must not happen twice belong under ``idempotencyKey(step:)``, and shared state behind a fenced lock.
public struct JobContext: Sendable {
    public let jobID: JobID
    public let queue: QueueName
    public let function: String
    /// This execution: 32 hexadecimal digits, never used again.
    public let executionID: String
    public let workerName: String
    /// 1 for the first execution of the job, and one more for each that was begun after it, for whatever reason.
    public let attempt: Int
    /// A number that grows with every execution of this job. It orders the executions of one job; a resource that
    /// several jobs share is fenced by the token of its lock instead.
    public let token: Int64
    /// How many earlier executions ended because their worker vanished.
    public let crashes: Int
    /// Carries the job and the execution as metadata.
    public let logger: Logger
    public let runtime: any Runtime
    /// When the job's time limit passes; nil when it has none.
    public let deadline: Instant?

    let lease: ExecutionLease
    let client: RedisClient
    let keys: RQKeys
    let locks: LockCluster?
    let board: MetaBoard
    let pump: MetaPump

    /// When the lease ends unless it is renewed before, which the worker does three times a lease.
    public var leaseDeadline: Instant { lease.deadline }

    /// The same key for the same step of the same job, in every execution: for effects that must happen once.
    public func idempotencyKey(step: String) -> String { "\(jobID):\(step)" }
}
