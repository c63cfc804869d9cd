/// How a job is enqueued. The defaults are RQ's.
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
    /// How long the job may wait in its queue before it silently expires; nil means for ever.
    public var queueTTL: Duration?
    /// Whether it goes before the jobs that wait already.
    public var atFront = false
    /// What to do when an execution fails; nil means nothing more.
    public var retry: Retry?
    /// Free data for people and tools, stored as a JSON object.
    public var meta: [String: any Encodable & Sendable] = [:]
    /// Shown by RQ's tools; nil means the call, such as `tasks.add(1, b=2)`.
    public var description: String?

    /// RQ's simple retries.
    public struct Retry: Sendable, Hashable {
        /// How many more executions after the first, at least 1.
        public var maximum: Int
        /// The pauses before them, in whole seconds (rounded up); the last one serves for the rest. Empty: at once.
        public var intervals: [Duration]

        public init(maximum: Int, intervals: [Duration] = []) {
            self.maximum = maximum
            self.intervals = intervals
        }
    }

    public init(
        id: JobID? = nil, timeout: Duration? = .seconds(180), resultTTL: Retention? = nil,
        failureTTL: Retention? = nil, queueTTL: Duration? = nil, atFront: Bool = false, retry: Retry? = nil,
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
