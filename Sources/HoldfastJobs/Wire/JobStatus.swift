/// Where a job stands: exactly RQ's values. None may be invented, since Python's readers reject what they do not know.
public enum JobStatus: String, Sendable, Hashable, CaseIterable {
    case created, queued, finished, failed, started, deferred, scheduled, stopped, canceled
    /// RQ 3.0: waits for a slot of its rate limit.
    case rateLimited = "rate_limited"
    /// RQ 3.0: its dependencies are met, it is about to be pushed.
    case readyToEnqueue = "ready_to_enqueue"

    /// Whether the job is over; then its id may be used again.
    public var isFinal: Bool {
        switch self {
        case .finished, .failed, .stopped, .canceled: true
        case .created, .queued, .started, .deferred, .scheduled, .rateLimited, .readyToEnqueue: false
        }
    }
}
