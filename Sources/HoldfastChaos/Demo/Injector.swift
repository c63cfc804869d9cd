import HoldfastCluster
import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// Carries a fault plan out, and counts what really happened.
final class Injector: Sendable {
    struct Counts: Sendable, Hashable {
        var workerKills = 0
        var pauses = 0
        var nodeKills = 0
        /// Killed nodes that did not start again.
        var lostNodes = 0
        /// Planned, and impossible when its time had come.
        var missed = 0
    }

    private struct State {
        var counts = Counts()
        /// Workers with a fault under way.
        var struck: Set<String> = []
        var latest = ""
        /// Faults begun so far.
        var faults: Int64 = 0
    }

    private let state = Mutex(State())
    private let fleet: Fleet
    private let cluster: LocalCluster
    private let orders: ChaosOrders
    private let history: HistoryWriter
    private let runtime: any Runtime
    private let configuration: DemoConfiguration
    private let overtaken: @Sendable (_ worker: String) async -> Bool

    /// - Parameter overtaken: Whether somebody else has moved credits of an account whose lock the worker took last.
    init(
        fleet: Fleet, cluster: LocalCluster, orders: ChaosOrders, history: HistoryWriter, runtime: any Runtime,
        configuration: DemoConfiguration, overtaken: @escaping @Sendable (_ worker: String) async -> Bool
    ) {
        self.fleet = fleet
        self.cluster = cluster
        self.orders = orders
        self.history = history
        self.runtime = runtime
        self.configuration = configuration
        self.overtaken = overtaken
    }

    var counts: Counts { state.withLock { $0.counts } }
    /// The newest fault in words.
    var latest: String { state.withLock { $0.latest } }

    /// Runs the plan; returns when its last fault is over and healed.
    func run(_ plan: FaultPlan) async {
        let start = runtime.now
        await withTaskGroup(of: Void.self) { group in
            for (index, entry) in plan.entries.enumerated() {
                guard (try? await runtime.sleep(until: start.advanced(by: entry.at))) != nil else { break }
                // A choice of its own for each entry, whatever happened before.
                let choice = SeededGenerator(seed: configuration.seed &+ UInt64(index) &* 0x9E37_79B9)
                group.addTask { await self.inject(entry.fault, choice) }
            }
            await group.waitForAll()
        }
    }

    private func inject(_ fault: Fault, _ choice: SeededGenerator) async {
        switch fault {
        case .killWorker(let point): await strike(.kill, at: point, span: .zero, choice)
        case .pauseWorker(let point, let span): await strike(.stop, at: point, span: span, choice)
        case .killNode(let index, let down, let empty): await killNode(index, down: down, empty: empty)
        }
    }

    // MARK: - Workers

    private func strike(_ order: ChaosOrders.Order, at point: String?, span: Duration, _ choice: SeededGenerator) async
    {
        guard let victim = await choose(choice) else { return miss() }
        defer { state.withLock { _ = $0.struck.remove(victim.name) } }
        if let point {
            guard await obeyed(order, by: victim, at: point) else { return miss() }
        } else if !victim.process.signal(.kill) {
            return miss()
        }
        let place = point.map { " at \($0)" } ?? ""
        switch order {
        case .kill:
            note("kill", victim.name, "SIGKILL\(place)") { $0.workerKills += 1 }
            _ = await victim.process.wait()
        case .stop:
            let fault = note("pause", victim.name, "SIGSTOP for \(span.milliseconds) ms\(place)") { $0.pauses += 1 }
            // Also when the run is cancelled, the process must not be left stopped.
            try? await standStill(victim.name, for: span)
            victim.process.signal(.resume)
            heal(fault)
        }
    }

    /// A pause shows what it does only if another got one of the locks meanwhile and used it: it ends after `span`, and
    /// when that has happened; but in time for the lease of the paused one's job.
    private func standStill(_ worker: String, for span: Duration) async throws {
        let start = runtime.now
        let limit = start.advanced(by: max(span, configuration.jobLease * 0.8))
        try await runtime.sleep(until: start.advanced(by: span))
        while runtime.now < limit, await !overtaken(worker) { try await runtime.sleep(for: .milliseconds(50)) }
    }

    /// A worker without a fault under way, waited for until one is there.
    private func choose(_ choice: SeededGenerator) async -> Fleet.Member? {
        var choice = choice
        for _ in 0..<100 {
            let struck = state.withLock { $0.struck }
            let free = fleet.members.filter { !struck.contains($0.name) }
            if let victim = free.randomElement(using: &choice),
                state.withLock({ $0.struck.insert(victim.name).inserted })
            {
                return victim
            }
            guard (try? await runtime.sleep(for: .milliseconds(20))) != nil else { return nil }
        }
        return nil
    }

    /// Whether the worker came to the point and was struck there.
    private func obeyed(_ order: ChaosOrders.Order, by victim: Fleet.Member, at point: String) async -> Bool {
        guard orders.place(order, for: victim.name, at: point) else { return false }
        for _ in 0..<500 {
            if !orders.isPending(for: victim.name, at: point) { return true }
            guard victim.process.isRunning, (try? await runtime.sleep(for: .milliseconds(10))) != nil else { break }
        }
        return !orders.withdraw(for: victim.name, at: point)
    }

    // MARK: - Nodes

    private func killNode(_ index: Int, down: Duration, empty: Bool) async {
        let node = cluster.nodes[index]
        guard node.pid != nil else { return miss() }
        await node.kill()
        let fault = note("kill", node.name, empty ? "SIGKILL, data lost" : "SIGKILL") { $0.nodeKills += 1 }
        try? await runtime.sleep(for: down)
        do {
            try await node.restart(empty: empty)
            heal(fault)
        } catch {
            note("lost", node.name, "did not start again: \(error)") { $0.lostNodes += 1 }
        }
    }

    // MARK: -

    /// Counts a fault and writes it down.
    /// - Returns: Its number.
    @discardableResult
    private func note(
        _ kind: String, _ target: String, _ detail: String, _ count: (inout Counts) -> Void
    ) -> Int64 {
        let number = state.withLock { state in
            count(&state.counts)
            state.latest = "\(target): \(detail)"
            state.faults += 1
            return state.faults
        }
        history.note(
            .nemesis, HistoryFunction.fault, [.number(number), .text(kind), .text(target), .text(detail)])
        return number
    }

    private func heal(_ fault: Int64) { history.note(.nemesis, HistoryFunction.heal, [.number(fault)]) }

    private func miss() { state.withLock { $0.counts.missed += 1 } }
}
