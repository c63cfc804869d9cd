import HoldfastRedis
import HoldfastRuntime

/// A claimed job on its way through this worker.
final class Execution: Sendable {
    /// Why a handler is told to stop.
    enum Interruption: Sendable, Hashable {
        /// Redis says that the execution is registered no more.
        case leaseLost
        /// The lease could not be renewed in time, so it cannot be proved any more.
        case leaseExpired
        case timedOut
        /// The worker ends.
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
    /// For how long a success keeps the record, as the take script said and the completion wants to hear.
    let keep: String
    /// In its queue, if its record says since when.
    let waited: Duration?
    /// The server's time of the claim.
    let claimedAt: WallTime
    /// Before the claim was sent, on this machine's clock.
    let sentAt: Instant
    let lease: ExecutionLease

    init(
        queue: QueueName, job: JobID, id: String, data: [UInt8], waited: Duration?, terms: Terms,
        claimedAt: WallTime, sentAt: Instant, lease: Duration
    ) {
        self.queue = queue
        self.job = job
        self.id = id
        self.data = data
        self.waited = waited
        timeout = terms.timeout
        token = terms.token
        attempt = terms.attempt
        crashes = terms.crashes
        keep = terms.keep
        self.claimedAt = claimedAt
        self.sentAt = sentAt
        self.lease = ExecutionLease(deadline: sentAt.advanced(by: lease))
    }

    /// A number in `0..<1` that is drawn with the id, the same each time (FNV-1a, finished as in SplitMix64).
    var chance: Double {
        var hash = id.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((hash ^ (hash >> 31)) >> 11) * 0x1p-53
    }

    /// How the scripts name it: queue, job, execution.
    var address: [RedisArgument] { [RedisArgument(queue.text), RedisArgument(job.text), RedisArgument(id)] }

    /// A moment of this machine's, by the server's clock: never earlier than it was, by at most one round trip later.
    func serverTime(at now: Instant) -> WallTime {
        WallTime(microseconds: claimedAt.microseconds + sentAt.duration(to: now).nanoseconds / 1000)
    }

    var info: ExecutionInfo {
        ExecutionInfo(
            jobID: job, queue: queue, executionID: id, attempt: attempt, token: token, waited: waited)
    }
}
