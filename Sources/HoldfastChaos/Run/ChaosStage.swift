import HoldfastCluster
import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// A scenario on a running cluster.
final class ChaosStage: Sendable {
    let driver: any WorkloadDriver
    let tools: FaultTools
    private let scenario: Scenario
    private let options: ChaosOptions
    private let directory: String
    private let ground: Ground
    private let history: HistoryWriter
    private let holders: Holders
    private let runtime: any Runtime
    private let watch: @Sendable (ChaosSnapshot) -> Void
    private let phase = Mutex(ChaosSnapshot.Phase.starting)

    init(
        scenario: Scenario, options: ChaosOptions, directory: String, ground: Ground, tools: FaultTools,
        driver: any WorkloadDriver, history: HistoryWriter, runtime: any Runtime,
        watch: @escaping @Sendable (ChaosSnapshot) -> Void
    ) {
        self.scenario = scenario
        self.options = options
        self.directory = directory
        self.ground = ground
        self.tools = tools
        self.driver = driver
        self.history = history
        self.runtime = runtime
        self.watch = watch
        holders = Holders(directory: "\(directory)/history")
    }

    func play() async throws -> ChaosRun.Outcome {
        try await driver.prepare()
        let fleet = Fleet(size: scenario.topology.workers, runtime: runtime, command: workerCommand)
        let holders = holders
        let injector = Injector(
            FaultPlan(scenario, seed: options.seed), of: scenario, seed: options.seed, fleet: fleet, ground: ground,
            tools: tools, strangers: strangers, orders: ChaosOrders(directory: "\(directory)/orders"), history: history,
            runtime: runtime,
            overtaken: { holders.wasOvertaken($0) })
        let end = try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                try await fleet.run()
                return nil
            }
            group.addTask {
                try await self.watch(fleet, injector)
                return nil
            }
            group.addTask { try await self.work(fleet, injector) }
            // The fleet ends only when it is stopped: whoever ends before by an error ends all.
            while let part = try await group.next() {
                if let end = part {
                    group.cancelAll()
                    return end
                }
            }
            throw ChaosError("the run was cancelled")
        }
        phase.withLock { $0 = .judging }
        try await driver.testify()
        var reader = HistoryReader(directory: "\(directory)/history")
        let history = try History(try reader.next())
        let result = ChaosResult(
            scenario, options, history, faults: injector.tallies, isDrained: end.isDrained,
            progress: try await driver.progress(), workersStarted: fleet.started, workersStuck: end.stuck)
        return ChaosRun.Outcome(result: result, history: history)
    }

    /// How the work ended.
    private struct End: Sendable {
        /// All that was asked for was done in time.
        var isDrained: Bool
        /// Workers that did not end when they were asked to.
        var stuck: [String]
    }

    private func work(_ fleet: Fleet, _ injector: Injector) async throws -> End {
        phase.withLock { $0 = .running }
        async let faults: Void = injector.run()
        try await driver.produce(until: runtime.now.advanced(by: .seconds(scenario.budget.seconds)))
        await faults
        phase.withLock { $0 = .draining }
        if scenario.guarantees.contains(.liveness) { try await recover() }
        let isDrained = try await drain()
        return End(isDrained: isDrained, stuck: await fleet.stop(grace: .seconds(12)))
    }

    /// Leaves the workers the time in which locks must be granted again, and not much more.
    private func recover() async throws {
        let healed = runtime.now
        let deadline = healed.advanced(by: scenario.budget.recovery + .seconds(1))
        while runtime.now < deadline, try !holders.areAllGranted(since: healed) {
            try await runtime.sleep(for: .milliseconds(50))
        }
    }

    private func drain() async throws -> Bool {
        let deadline = runtime.now.advanced(by: scenario.budget.drain)
        while runtime.now < deadline {
            if try await driver.isDone() { return true }
            try await runtime.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func watch(_ fleet: Fleet, _ injector: Injector) async throws {
        let start = runtime.now
        while true {
            var snapshot = ChaosSnapshot()
            snapshot.phase = phase.withLock { $0 }
            snapshot.elapsed = start.duration(to: runtime.now)
            let progress = try await driver.progress()
            (snapshot.asked, snapshot.applied, snapshot.waiting) =
                (progress.asked, progress.applied, progress.waiting)
            snapshot.workers = fleet.members.map(\.name)
            for node in ground.members { snapshot.nodes[node.name] = node.pid != nil }
            snapshot.holders = try holders.current()
            snapshot.faults = injector.tallies
            snapshot.latestFault = injector.latest
            watch(snapshot)
            do { try await runtime.sleep(for: .milliseconds(200)) } catch { return }
        }
    }

    @Sendable private func workerCommand(_ name: String, _ number: Int, _ place: Int) -> Command {
        workerCommand(name, number, nodes: tools.links?.urls(for: place) ?? ground.nodeURLs)
    }

    private var strangers: Strangers {
        Strangers(
            command: { self.workerCommand($0, $1, nodes: $2, patience: .seconds(1)) }, log: { self.logPath($0) })
    }

    private func logPath(_ name: String) -> String { "\(directory)/logs/\(name).log" }

    /// - Parameter patience: How long the worker waits for its lock nodes; nil is as long as a run may need.
    private func workerCommand(
        _ name: String, _ number: Int, nodes: [String], patience: Duration? = nil
    ) -> Command {
        var command = Command(
            options.program,
            options.workerArguments + ["--name", name, "--number", "\(number)", "--directory", directory]
                + (patience.map { ["--patience", "\($0.milliseconds)"] } ?? []))
        // Not among the arguments, which everybody on the machine can read: URLs and command lines may hold passwords.
        var variables = [ChaosWorker.nodesVariable: nodes.joined(separator: ",")]
        if let adapter = options.adapter { variables[AdapterProcess.variable] = adapter }
        command.environment = .inheritAnd(variables)
        command.output = .file(logPath(name))
        command.error = .file(logPath(name))
        // Control-C is for the run, which then stops its workers in order.
        command.grouping = .ownGroup
        return command
    }
}
