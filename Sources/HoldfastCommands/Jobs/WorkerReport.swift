import HoldfastJobs

/// What a worker prints: one line an event for people, one JSON object a line for programs, and a summary.
struct WorkerReport: Sendable {
    private let json: Bool
    private let quiet: Bool
    private let summaryOnly: Bool

    /// - Parameter summaryOnly: Nothing about single jobs.
    init(_ options: OutputOptions, summaryOnly: Bool = false) {
        self.summaryOnly = summaryOnly
        json = options.json
        quiet = options.quiet
    }

    struct Line: Codable {
        var event: String
        var worker: String?
        var job: String?
        var execution: String?
        var attempt: Int?
        var reason: String?
        var counters: WorkerCounters?
        var url: String?
    }

    /// A reader that has gone away must not stop the worker's jobs: their lines are dropped.
    @Sendable func observe(_ event: WorkerEvent) {
        guard let line = Self.line(event), !summaryOnly || line.job == nil else { return }
        try? write(line, text: Self.text(line))
    }

    func summary(_ worker: String, _ counters: WorkerCounters) throws {
        try write(
            Line(event: "stopped", worker: worker, counters: counters), text: Self.text(counters))
    }

    func metrics(at url: String) throws {
        try write(Line(event: "metrics", url: url), text: "metrics at \(url)")
    }

    static func text(_ counters: WorkerCounters) -> String {
        "\(counters.finished) finished, \(counters.failed) failed, \(counters.returned) given back, "
            + "\(counters.recovered) recovered, \(counters.staleCompletionsRefused) stale outcomes refused"
    }

    private func write(_ line: Line, text: String) throws {
        if json { return try Output.standard.jsonLine(line) }
        if !quiet { try Output.standard.line(text) }
    }

    static func text(_ line: Line) -> String {
        let subject = line.job.map { " \($0)" } ?? line.worker.map { " \($0)" } ?? ""
        let attempt = line.attempt.map { $0 > 1 ? " (attempt \($0))" : "" } ?? ""
        return "\(line.event)\(subject)\(attempt)\(line.reason.map { ": \($0)" } ?? "")"
    }

    private static func line(_ event: WorkerEvent) -> Line? {
        func about(_ name: String, _ info: ExecutionInfo, reason: String? = nil) -> Line {
            Line(
                event: name, job: info.jobID.text, execution: info.executionID, attempt: info.attempt, reason: reason)
        }
        switch event {
        case .started(let name): return Line(event: "started", worker: name)
        case .taken(let info): return about("taken", info)
        case .finished(let info): return about("finished", info)
        case .failed(let info, let reason, let next): return about(next.rawValue, info, reason: reason)
        case .jobStopped(let info): return about("job-stopped", info)
        case .leaseLost(let info): return about("lease-lost", info)
        case .staleCompletionRefused(let info): return about("stale-refused", info)
        case .outcomeDropped(let info, let error): return about("outcome-dropped", info, reason: "\(error)")
        case .returned(let info): return about("given-back", info)
        case .recovered(let recovery):
            return Line(
                event: "recovered", job: recovery.jobID.text, execution: recovery.executionID,
                reason: "\(recovery.action.rawValue), crash \(recovery.crashes) of worker \(recovery.workerName)")
        case .troubled(let error): return Line(event: "trouble", reason: "\(error)")
        case .skipped, .stopped: return nil
        }
    }
}
