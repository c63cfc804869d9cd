import Foundation
import HoldfastJobs
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// Keeps a number of worker processes running, and adds up what they have done.
final class Pool: Sendable {
    struct Summary: Sendable, Hashable {
        var counters = WorkerCounters()
        var respawned = 0
        /// Ended without a word, so what they had done is not in the sum.
        var lost = 0
        var gaveUp = false
    }

    private struct State {
        var isEnding = false
        var children: [Int: ChildProcess] = [:]
        var summary = Summary()
    }

    private let name: String
    private let size: Int
    private let burst: Bool
    private let runtime: any Runtime
    private let command: @Sendable (_ name: String, _ place: Int) -> Command
    private let tell: @Sendable (_ place: Int, _ worker: String, _ line: WorkerReport.Line) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - command: How to start the worker of this name in this place, 1 to `size`; it writes JSON lines.
    ///   - tell: What it says. Called in the pool's tasks.
    init(
        name: String, size: Int, burst: Bool, runtime: any Runtime = LiveRuntime(),
        command: @escaping @Sendable (_ name: String, _ place: Int) -> Command,
        tell: @escaping @Sendable (_ place: Int, _ worker: String, _ line: WorkerReport.Line) -> Void
    ) {
        self.name = name
        self.size = size
        self.burst = burst
        self.runtime = runtime
        self.command = command
        self.tell = tell
    }

    /// Passes a signal on to all workers: the first one ends them in order, the second at once. None is started after.
    func end() {
        let children = state.withLock { state in
            state.isEnding = true
            return Array(state.children.values)
        }
        for child in children { child.signal(.terminate) }
    }

    /// Runs until every worker is done.
    ///
    /// - Throws: `ProcessError` when no worker can be started at all, `CancellationError`.
    func run() async throws -> Summary {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for place in 1...size { group.addTask { try await self.fill(place) } }
            do { try await group.waitForAll() } catch {
                end()
                throw error
            }
        }
        return state.withLock { $0.summary }
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    private func fill(_ place: Int) async throws {
        var policy = RespawnPolicy()
        var generation = 0
        while !isEnding {
            generation += 1
            // A name of its own: the record of one that was killed stays for a minute.
            let worker = generation == 1 ? "\(name).\(place)" : "\(name).\(place).\(generation)"
            let began = runtime.now
            let status = try await serve(place, worker)
            let decision = policy.decide(
                status, lived: began.duration(to: runtime.now), isEnding: isEnding, burst: burst)
            switch decision {
            case .done: return
            case .giveUp:
                state.withLock { $0.summary.gaveUp = true }
                return end()
            case .respawn(let pause):
                tell(
                    place, worker,
                    WorkerReport.Line(
                        event: "respawning", worker: worker,
                        reason: pause > .zero ? "\(status), after \(pause.brief)" : "\(status)"))
                try await rest(pause)
                if !isEnding { state.withLock { $0.summary.respawned += 1 } }
            }
        }
    }

    /// Starts one worker and hears it to its end.
    private func serve(_ place: Int, _ worker: String) async throws -> ExitStatus {
        var command = command(worker, place)
        command.output = .pipe
        // Signals of the terminal are for the pool, which passes them on.
        command.grouping = .ownGroup
        let child = try await ChildProcess.start(command)
        let isLate = state.withLock { state in
            state.children[place] = child
            return state.isEnding
        }
        if isLate { child.signal(.terminate) }
        var isCounted = false
        do {
            guard let output = child.output else { preconditionFailure("a pipe was asked for") }
            for try await text in output.lines() {
                guard let line = try? JSONDecoder().decode(WorkerReport.Line.self, from: Data(text.utf8)) else {
                    continue
                }
                if let counters = line.counters {
                    isCounted = true
                    state.withLock { $0.summary.counters += counters }
                }
                tell(place, worker, line)
            }
        } catch {
            await child.terminate(grace: .seconds(5), runtime: runtime)
            throw error
        }
        let status = await child.wait()
        let wasCounted = isCounted
        state.withLock { state in
            state.children[place] = nil
            if !wasCounted { state.summary.lost += 1 }
        }
        return status
    }

    /// Looked at in short steps, so that the end of the pool does not wait for the end of a pause.
    private func rest(_ pause: Duration) async throws {
        let deadline = runtime.now.advanced(by: pause)
        while !isEnding, runtime.now < deadline {
            let left = runtime.now.duration(to: deadline)
            try await runtime.sleep(for: min(left, .milliseconds(100)))
        }
    }
}

extension WorkerCounters {
    static func += (sum: inout WorkerCounters, more: WorkerCounters) {
        sum.taken += more.taken
        sum.finished += more.finished
        sum.failed += more.failed
        sum.stopped += more.stopped
        sum.leasesLost += more.leasesLost
        sum.staleCompletionsRefused += more.staleCompletionsRefused
        sum.outcomesDropped += more.outcomesDropped
        sum.returned += more.returned
        sum.recovered += more.recovered
        sum.skipped += more.skipped
        sum.troubles += more.troubles
    }
}
