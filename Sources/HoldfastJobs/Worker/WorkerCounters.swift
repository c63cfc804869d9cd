/// What a worker has done since it was made.
public struct WorkerCounters: Sendable, Hashable, Codable {
    public var taken = 0
    public var finished = 0
    /// Failed executions, whatever became of their jobs.
    public var failed = 0
    /// Stopped on request.
    public var stopped = 0
    public var leasesLost = 0
    public var staleCompletionsRefused = 0
    public var outcomesDropped = 0
    public var returned = 0
    public var recovered = 0
    public var skipped = 0
    public var troubles = 0

    public init() {}

    mutating func count(_ event: WorkerEvent) {
        switch event {
        case .taken: taken += 1
        case .finished: finished += 1
        case .failed: failed += 1
        case .jobStopped: stopped += 1
        case .leaseLost: leasesLost += 1
        case .staleCompletionRefused: staleCompletionsRefused += 1
        case .outcomeDropped: outcomesDropped += 1
        case .returned: returned += 1
        case .recovered(let recovery): recovered += recovery.action == .dropped ? 0 : 1
        case .skipped(let count): skipped += count
        case .troubled: troubles += 1
        case .started, .stopped: break
        }
    }
}
