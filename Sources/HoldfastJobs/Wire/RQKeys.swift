/// The names of RQ's keys, and of the few that Holdfast adds.
///
/// All of them live on one Redis node. The scripts build key names from ids that they find in lists, which Redis
/// Cluster does not allow; RQ's own format cannot be spread over a cluster either, unless the prefix is a hash tag.
public struct RQKeys: Sendable, Hashable {
    /// `rq`, unless both sides set another (RQ 3.0: environment variable `RQ_KEY_PREFIX`).
    public let prefix: String

    public static let standard = RQKeys(unchecked: "rq")

    /// - Throws: ``JobsError`` with `invalid` unless `prefix` is 1 to 64 of RQ's `[A-Za-z0-9_.:{}-]`.
    public init(prefix: String) throws(JobsError) {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:{}-")
        guard (1...64).contains(prefix.count), prefix.allSatisfy(allowed.contains) else {
            throw JobsError(.invalid, "\"\(prefix.prefix(80))\" is no key prefix: use letters, digits and _.:{}-")
        }
        self.prefix = prefix
    }

    private init(unchecked prefix: String) { self.prefix = prefix }

    public var queues: String { "\(prefix):queues" }
    public var workers: String { "\(prefix):workers" }
    public var suspended: String { "\(prefix):suspended" }

    /// Ours: present while a queue is paused.
    public func paused(_ name: QueueName) -> String { "\(prefix):paused:\(name)" }
    /// The channel on which a worker hears RQ's commands.
    public func pubsub(_ worker: String) -> String { "\(prefix):pubsub:\(worker)" }

    public var groups: String { "\(prefix):groups" }
    /// Ours: the job that has each unique key.
    var unique: String { "\(prefix):hf:unique" }

    /// Ours: how many ended jobs a queue keeps.
    func retained(_ name: QueueName) -> String { "\(prefix):hf:keep:\(name)" }
    public func group(_ name: GroupName) -> String { "\(prefix):group:\(name)" }
    public func queue(_ name: QueueName) -> String { "\(prefix):queue:\(name)" }
    public func job(_ id: JobID) -> String { "\(prefix):job:\(id)" }
    public func results(_ id: JobID) -> String { "\(prefix):results:\(id)" }
    /// Executions of a job, by the second after which RQ gives them up.
    func executions(_ id: JobID) -> String { "\(prefix):executions:\(id)" }
    public func worker(_ name: String) -> String { "\(prefix):worker:\(name)" }
    /// Ours: the executions, `job:execution`, that a worker has claimed; RQ's own set holds those that it has renewed.
    public func claims(_ worker: String) -> String { "\(prefix):claims:\(worker)" }
    public func workers(of queue: QueueName) -> String { "\(prefix):workers:\(queue)" }

    /// A queue's sorted set of jobs in one state.
    public func registry(_ registry: Registry, of queue: QueueName) -> String {
        "\(prefix):\(registry.rawValue):\(queue)"
    }

    public enum Registry: String, Sendable, Hashable, CaseIterable {
        /// Running executions, `job:execution`, by the second after which RQ's own maintenance gives them up.
        case started = "wip"
        /// Ours: running executions by the exact end of their lease.
        case leases = "lease"
        case finished, failed, deferred, scheduled, canceled
    }
}
