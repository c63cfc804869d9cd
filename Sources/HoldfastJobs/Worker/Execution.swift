import HoldfastRedis
import HoldfastRuntime

/// A claimed job on its way through this worker.
final class Execution: Sendable {
    /// Why a running handler is told to stop.
    enum Interruption: Sendable, Hashable {
        /// Redis says that the execution is registered no more.
        case leaseLost
        /// The lease could not be renewed in time, so it cannot be proved any more.
        case leaseExpired
        case timedOut
        case stopping
        /// Somebody stopped the job, which is recorded already.
        case stopped
        /// RQ's `kill-horse`: this execution fails.
        case killed
    }

    let queue: QueueName
    let job: JobID
    let id: String
    let data: [UInt8]
    let timeout: Duration?
    let token: Int64
    let attempt: Int
    let crashes: Int
    /// The server's time of the claim, as RQ writes it into the result.
    let startedAt: String
    let lease: ExecutionLease
    let interruption = OneShot<Interruption>()

    /// Reads one element of the take script's reply; nil when it has another shape.
    init?(_ reply: RedisReply, startedAt: String, lease: ExecutionLease) {
        guard let parts = reply.array, parts.count == 8, let queue = parts[0].text, let job = parts[1].text,
            let id = parts[2].text, let data = parts[3].bytes, let token = parts[5].integer,
            let attempt = parts[6].integer, let crashes = parts[7].integer
        else { return nil }
        self.queue = QueueName(unchecked: queue)
        self.job = JobID(unchecked: job)
        self.id = id
        self.data = data
        timeout = Job.timeout(field: parts[4].text.flatMap { $0.isEmpty ? nil : $0 })
        self.token = token
        self.attempt = Int(attempt)
        self.crashes = Int(crashes)
        self.startedAt = startedAt
        self.lease = lease
    }

    /// How the scripts name it: queue, job, execution.
    var address: [RedisArgument] { [RedisArgument(queue.text), RedisArgument(job.text), RedisArgument(id)] }

    var info: ExecutionInfo {
        ExecutionInfo(jobID: job, queue: queue, executionID: id, attempt: attempt, token: token)
    }
}
