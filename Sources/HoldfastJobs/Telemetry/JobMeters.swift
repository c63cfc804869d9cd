import CoreMetrics
import HoldfastRuntime
import Synchronization

/// A worker's metrics; see ``JobTelemetry``.
final class JobMeters: Sendable {
    /// Those of one queue.
    private final class Meters: Sendable {
        let executions: [String: Counter]
        let run: CoreMetrics.Timer
        let wait: CoreMetrics.Timer
        let running: Meter
        let leasesLost: Counter
        let staleRefused: Counter
        let recoveries: [Recovery.Action: Counter]
        let recoveryDelay: CoreMetrics.Timer

        init(_ queue: QueueName, _ factory: any MetricsFactory) {
            let prefix = "holdfast_job_"
            let dimensions = [("queue", queue.text)]
            func counter(_ name: String, _ more: [(String, String)] = []) -> Counter {
                Counter(label: prefix + name, dimensions: dimensions + more, factory: factory)
            }
            func timer(_ name: String) -> CoreMetrics.Timer {
                CoreMetrics.Timer(label: prefix + name, dimensions: dimensions, factory: factory)
            }
            let outcomes = ["finished", "failed", "requeued", "scheduled", "stopped", "returned", "stale", "lost"]
            executions = Dictionary(
                uniqueKeysWithValues: outcomes.map { ($0, counter("executions", [("outcome", $0)])) })
            run = timer("run_seconds")
            wait = timer("wait_seconds")
            running = Meter(label: prefix + "running", dimensions: dimensions, factory: factory)
            leasesLost = counter("leases_lost")
            staleRefused = counter("stale_completions_refused")
            recoveries = Dictionary(
                uniqueKeysWithValues: Recovery.Action.allCases.map {
                    ($0, counter("recoveries", [("action", $0.rawValue)]))
                })
            recoveryDelay = timer("recovery_delay_seconds")
        }
    }

    private let queues: [QueueName: Meters]
    private let troubles: Counter
    /// Nil when nobody takes the metrics.
    private let clock: (any Runtime)?
    /// Held executions, by when they were taken.
    private let held = Mutex<[String: Instant]>([:])

    init(_ factory: any MetricsFactory, queues: [QueueName], runtime: any Runtime) {
        let isUsed = !(factory is NOOPMetricsHandler)
        clock = isUsed ? runtime : nil
        self.queues = Dictionary(
            uniqueKeysWithValues: isUsed ? queues.map { ($0, Meters($0, factory)) } : [])
        troubles = Counter(label: "holdfast_job_redis_troubles", factory: factory)
    }

    func count(_ event: WorkerEvent) {
        guard clock != nil else { return }
        switch event {
        case .taken(let info): taken(info)
        case .finished(let info): ended(info, "finished")
        case .failed(let info, _, let next): ended(info, next.rawValue)
        case .jobStopped(let info): ended(info, "stopped")
        case .returned(let info): ended(info, "returned", ran: false)
        case .outcomeDropped(let info, _): ended(info, "lost")
        case .leaseLost(let info):
            queues[info.queue]?.leasesLost.increment()
            ended(info, "lost")
        case .staleCompletionRefused(let info):
            queues[info.queue]?.staleRefused.increment()
            ended(info, "stale")
        case .recovered(let recovery):
            let meters = queues[recovery.queue]
            meters?.recoveries[recovery.action]?.increment()
            meters?.recoveryDelay.recordNanoseconds(recovery.delay.nanoseconds)
        case .troubled: troubles.increment()
        case .started, .stopped, .skipped: break
        }
    }

    private func taken(_ info: ExecutionInfo) {
        guard let clock, let meters = queues[info.queue] else { return }
        held.withLock { $0[info.executionID] = clock.now }
        meters.running.increment()
        if let waited = info.waited { meters.wait.recordNanoseconds(waited.nanoseconds) }
    }

    private func ended(_ info: ExecutionInfo, _ outcome: String, ran: Bool = true) {
        guard let clock, let meters = queues[info.queue] else { return }
        // An outcome may come after the end that counts: the job was stopped, or its lease was lost.
        guard let since = held.withLock({ $0.removeValue(forKey: info.executionID) }) else { return }
        meters.running.decrement()
        meters.executions[outcome]?.increment()
        if ran { meters.run.recordNanoseconds((info.ran ?? since.duration(to: clock.now)).nanoseconds) }
    }
}
