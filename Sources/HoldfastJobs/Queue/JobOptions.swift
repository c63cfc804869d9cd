public import HoldfastRuntime

/// How a job is enqueued. The defaults are RQ's. May be written as a list: `[.id(id), .front]`.
public struct JobOptions: Sendable {
    /// The job's id; nil draws a fresh one. An id that is chosen by meaning makes a second enqueue fail while the
    /// first job is live.
    public var id: JobID?
    /// The time one execution may take; nil means any.
    public var timeout: Duration? = .seconds(180)
    /// How long the record and the result stay after success; nil leaves it to the worker (500 s).
    public var resultTTL: Retention?
    /// How long the record stays after a failure; nil means a year.
    public var failureTTL: Retention?
    /// How long the job may wait in its queue before it silently expires; nil means for ever. Counted from when it
    /// enters the queue.
    public var queueTTL: Duration?
    /// Whether it goes before the jobs that wait already.
    public var atFront = false
    /// When it enters its queue; nil means now.
    public var start: Start?
    /// At most one job with this key is live.
    public var unique: UniqueKey?
    /// The jobs that must have finished before; at most ``NewJob/maximumDependencies``. One that does not exist (any
    /// more) counts as finished, as in RQ. While one of them has failed, this job waits until it is run again.
    public var dependencies: [JobID] = []
    /// Whether a dependency may also have failed for good.
    public var toleratesFailedDependencies = false
    /// What to do when an execution fails; nil means nothing more.
    public var retry: RetryPolicy?
    /// How to run again after a success; nil means once is enough.
    public var repetition: Repetition?
    /// The group that the job is counted in.
    public var group: GroupName?
    /// How many jobs of a key may be on at once, and how fast they may come.
    public var limit: JobLimit?
    /// A function to call with the outcome of a success.
    public var onSuccess: Callback?
    /// A function to call with the outcome of every failed execution.
    public var onFailure: Callback?
    /// A function to call when the job was stopped on request.
    public var onStopped: Callback?
    /// Whom to tell of the job's end; at most ``NewJob/maximumWebhooks``.
    public var webhooks: [Webhook] = []
    /// Free data for people and tools, stored as a JSON object.
    public var meta: [String: any Encodable & Sendable] = [:]
    /// Shown by RQ's tools; nil means the call, such as `tasks.add(1, b=2)`.
    public var description: String?

    /// When a job enters its queue. A time that has passed means now. Workers look once a second.
    public enum Start: Sendable, Hashable {
        case at(WallTime)
        /// From the enqueueing on, by the server's clock.
        case after(Duration)
    }

    /// A name of which one job may be live at a time: created, waiting, running, deferred, scheduled or between
    /// retries.
    ///
    /// It is judged by the state of that job's record, so it is free again when the job is over, deleted or expired,
    /// and never by a time.
    public struct UniqueKey: Sendable, Hashable {
        /// 1 to 256 bytes. Shared by all queues of a prefix.
        public var text: String
        public var whenLive: WhenLive

        public enum WhenLive: Sendable, Hashable {
            /// Throws ``JobsError`` with `alreadyLive`, which carries the live job's id.
            case refuse
            /// Enqueues nothing and answers the live job's id.
            case adopt
        }

        public init(_ text: String, whenLive: WhenLive = .refuse) {
            self.text = text
            self.whenLive = whenLive
        }
    }

    /// Whether the job is known by a name, or knows others by theirs.
    var isNamed: Bool { id != nil || unique != nil || !dependencies.isEmpty }

    public init() {}

    public init(
        id: JobID? = nil, timeout: Duration? = .seconds(180), resultTTL: Retention? = nil,
        failureTTL: Retention? = nil, queueTTL: Duration? = nil, atFront: Bool = false, retry: RetryPolicy? = nil,
        meta: [String: any Encodable & Sendable] = [:], description: String? = nil
    ) {
        self.id = id
        self.timeout = timeout
        self.resultTTL = resultTTL
        self.failureTTL = failureTTL
        self.queueTTL = queueTTL
        self.atFront = atFront
        self.retry = retry
        self.meta = meta
        self.description = description
    }
}

extension Duration {
    /// Whole seconds, rounded up: RQ counts nothing finer.
    var secondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}
