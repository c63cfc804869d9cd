import HoldfastHistory
import HoldfastRuntime

/// The run's side of another library's counters: an adapter of its own, without faults, reads them.
actor AdapterDriver: WorkloadDriver {
    private let adapter: String
    private let counters: [String]
    private let nodes: [String]
    private let store: String
    private let log: String
    private let history: HistoryWriter
    private let runtime: any Runtime
    /// Nil while it is asked.
    private var process: AdapterProcess?
    private var latest = WorkloadProgress()

    init(
        _ adapter: String, _ workload: Workload, nodes: [String], store: String, log: String, history: HistoryWriter,
        runtime: any Runtime
    ) {
        self.adapter = adapter
        counters = (1...workload.keys).map { workload.registerPrefix + RegisterWork.counter($0) }
        self.nodes = nodes
        self.store = store
        self.log = log
        self.history = history
        self.runtime = runtime
    }

    func prepare() async throws {
        var process = try await AdapterProcess.start(adapter, log: log, runtime: runtime)
        do { _ = try await process.open(nodes: nodes, store: store) } catch {
            await process.stop()
            throw error
        }
        self.process = process
    }

    /// The clients ask by themselves.
    nonisolated func produce(until deadline: Instant) async throws { try await runtime.sleep(until: deadline) }

    nonisolated func isDone() async throws -> Bool { true }

    func testify() async throws {
        for counter in counters {
            history.note(.witness, HistoryFunction.final, [.text(counter), .number(try await value(of: counter))])
        }
    }

    func progress() async throws -> WorkloadProgress {
        // Somebody else is asking already.
        if process == nil { return latest }
        var progress = WorkloadProgress()
        for counter in counters { progress.applied += Int(try await value(of: counter)) }
        progress.asked = progress.applied
        latest = progress
        return progress
    }

    private func value(of counter: String) async throws -> Int64 {
        var request = AdapterRequest(.read)
        request.register = counter
        return try await ask(request).value ?? 0
    }

    /// What was asked is answered, also when the caller is cancelled: the answer must not be taken for the next one's.
    private func ask(_ request: AdapterRequest) async throws -> AdapterReply.Answer {
        guard let idle = process else { throw ChaosError("the run's own adapter is asked two things at once") }
        process = nil
        let (used, answer) = try await runtime.shielded {
            var asked = idle
            let answer: Result<AdapterReply.Answer, any Error>
            do { answer = .success(try await asked.ask(request)) } catch { answer = .failure(error) }
            return (asked, answer)
        }
        process = used
        return try answer.get()
    }

    /// Leaves no register behind.
    func close() async {
        guard let asked = process else { return }
        process = nil
        let counters = counters
        // Also when the run was interrupted.
        try? await runtime.shielded { [asked] in
            var asked = asked
            for counter in counters {
                var request = AdapterRequest(.forget)
                request.register = counter
                _ = try? await asked.ask(request)
            }
            await asked.stop()
        }
    }
}
