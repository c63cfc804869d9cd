public import HoldfastRuntime

/// One thing to say about a job that is enqueued, as in `queue.enqueue(Resize(path: path), .delay(.seconds(5)))`.
public struct JobOption: Sendable {
    let apply: @Sendable (inout JobOptions) -> Void

    init(_ apply: @escaping @Sendable (inout JobOptions) -> Void) { self.apply = apply }
}

extension JobOptions: ExpressibleByArrayLiteral {
    public init(arrayLiteral options: JobOption...) { self = JobOptions().adding(options) }

    /// These options, and then `options`; the last one wins.
    public func adding(_ options: [JobOption]) -> JobOptions {
        options.reduce(into: self) { $1.apply(&$0) }
    }
}

// ---- When and where

extension JobOption {
    /// Not before `time`; workers look once a second.
    public static func at(_ time: WallTime) -> JobOption { JobOption { $0.start = .at(time) } }

    /// Not before `span` has passed.
    public static func delay(_ span: Duration) -> JobOption { JobOption { $0.start = .after(span) } }

    /// Before the jobs that wait already.
    public static var front: JobOption { JobOption { $0.atFront = true } }

    /// When these jobs have finished, or with `orFailed` have failed for good.
    public static func after(_ jobs: JobID..., orFailed: Bool = false) -> JobOption {
        after(jobs, orFailed: orFailed)
    }

    public static func after(_ jobs: [JobID], orFailed: Bool = false) -> JobOption {
        JobOption {
            $0.dependencies += jobs
            if orFailed { $0.toleratesFailedDependencies = true }
        }
    }
}

// ---- Which

extension JobOption {
    public static func id(_ id: JobID) -> JobOption { JobOption { $0.id = id } }

    /// One live job of this key; see ``JobOptions/UniqueKey``.
    public static func unique(
        _ key: String, whenLive: JobOptions.UniqueKey.WhenLive = .refuse
    ) -> JobOption {
        JobOption { $0.unique = JobOptions.UniqueKey(key, whenLive: whenLive) }
    }

    /// As many of a key at once, and as fast, as ``JobLimit`` says.
    public static func limit(
        _ key: String, concurrency: Int = JobLimit.maximumConcurrency, rate: JobLimit.Rate? = nil
    ) -> JobOption {
        JobOption { $0.limit = JobLimit(key, concurrency: concurrency, rate: rate) }
    }

    public static func group(_ group: GroupName) -> JobOption { JobOption { $0.group = group } }

    public static func description(_ text: String) -> JobOption { JobOption { $0.description = text } }

    /// Adds a value to ``JobOptions/meta``.
    public static func meta(_ name: String, _ value: any Encodable & Sendable) -> JobOption {
        JobOption { $0.meta[name] = value }
    }
}

// ---- How long and how often

extension JobOption {
    /// The time one execution may take; nil means any.
    public static func timeout(_ span: Duration?) -> JobOption { JobOption { $0.timeout = span } }

    /// Expires when it has waited this long in its queue.
    public static func queueTTL(_ span: Duration) -> JobOption { JobOption { $0.queueTTL = span } }

    /// How long the result of a success stays.
    public static func resultTTL(_ retention: Retention) -> JobOption { JobOption { $0.resultTTL = retention } }

    /// How long the record of a failure stays.
    public static func failureTTL(_ retention: Retention) -> JobOption { JobOption { $0.failureTTL = retention } }

    /// Tries again when an execution fails.
    public static func retry(_ policy: RetryPolicy) -> JobOption { JobOption { $0.retry = policy } }

    /// Runs `times` more times after the first success, `intervals` apart; the last interval serves for the rest.
    public static func repeated(_ times: Int, every intervals: Duration...) -> JobOption {
        JobOption { $0.repetition = Repetition(times: times, intervals: intervals) }
    }
}

// ---- Who is told

extension JobOption {
    public static func onSuccess(_ callback: Callback) -> JobOption { JobOption { $0.onSuccess = callback } }

    public static func onFailure(_ callback: Callback) -> JobOption { JobOption { $0.onFailure = callback } }

    public static func onStopped(_ callback: Callback) -> JobOption { JobOption { $0.onStopped = callback } }

    /// Adds one to ``JobOptions/webhooks``.
    public static func webhook(_ webhook: Webhook) -> JobOption { JobOption { $0.webhooks.append(webhook) } }
}
