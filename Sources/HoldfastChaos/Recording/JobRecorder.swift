import HoldfastHistory
import HoldfastJobs
import HoldfastRedis
import Synchronization

/// Writes down what happens to a worker's jobs.
final class JobRecorder: Sendable {
    private let history: HistoryWriter
    private let running = Mutex<[String: HistoryWriter.Operation]>([:])

    init(_ history: HistoryWriter) { self.history = history }

    func record(_ event: WorkerEvent) {
        switch event {
        case .taken(let info):
            let value: HistoryValue = [.text("\(info.jobID)"), .number(Int64(info.attempt))]
            let operation = history.begin(HistoryFunction.run, value)
            running.withLock { $0[info.executionID] = operation }
        case .finished(let info): end(info, .ok)
        // What it did before it failed stands, so that it has not simply "not happened".
        case .failed(let info, let reason, _): end(info, .info, "failed: \(reason)")
        case .staleCompletionRefused(let info): end(info, .info, "stale")
        case .outcomeDropped(let info, let error): end(info, .info, "the outcome was not recorded: \(error.message)")
        case .returned(let info): end(info, .info, "returned")
        case .jobStopped(let info): end(info, .info, "stopped on request")
        case .leaseLost, .started, .recovered, .skipped, .troubled, .stopped: break
        }
    }

    private func end(_ info: ExecutionInfo, _ type: HistoryEvent.Kind, _ error: String? = nil) {
        guard let operation = running.withLock({ $0.removeValue(forKey: info.executionID) }) else { return }
        history.end(operation, type, error: error)
    }
}
