import HoldfastCluster
import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// A scenario on a running cluster.
final class ChaosStage: Sendable {
    let driver: any WorkloadDriver
    let links: Links?
    private let clocks: Clocks?
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
        scenario: Scenario, options: ChaosOptions, directory: String, ground: Ground, links: Links?,
        clocks: Clocks?,
        driver: any WorkloadDriver, history: HistoryWriter, runtime: any Runtime,
        watch: @escaping @Sendable (ChaosSnapshot) -> Void
    ) {
        self.scenario = scenario
        self.options = options
        self.directory = directory
        self.ground = ground
        self.links = links
        self.clocks = clocks
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
            links: links, clocks: clocks, orders: ChaosOrders(directory: "\(directory)/orders"), history: history,
            runtime: runtime,
            overtaken: { holders.wasOvertaken($0) })
        let isDrained = try await withThrowingTaskGroup(of: Bool?.self) { group in
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
                if let isDrained = part {
                    group.cancelAll()
                    return isDrained
                }
            }
            throw ChaosError("the run was cancelled")
        }
        phase.withLock { $0 = .judging }
        try await driver.testify()
        var reader = HistoryReader(directory: "\(directory)/history")
        let history = try History(try reader.next())
        let result = ChaosResult(
            scenario, options, history, faults: injector.tallies, isDrained: isDrained,
            progress: try await driver.progress(), workersStarted: fleet.started)
        return ChaosRun.Outcome(result: result, history: history)
    }

    /// - Returns: Whether all that was asked for was done in time.
    private func work(_ fleet: Fleet, _ injector: Injector) async throws -> Bool {
        phase.withLock { $0 = .running }
        async let faults: Void = injector.run()
        try await driver.produce(until: runtime.now.advanced(by: .seconds(scenario.budget.seconds)))
        await faults
        phase.withLock { $0 = .draining }
        if scenario.guarantees.contains(.liveness) { try await recover() }
        let isDrained = try await drain()
        await fleet.stop(grace: .seconds(12))
        return isDrained
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
        let nodes = links?.urls(for: place) ?? ground.nodeURLs
        var command = Command(
            options.program,
            options.workerArguments + ["--name", name, "--number", "\(number)", "--directory", directory])
        // Not among the arguments, which everybody on the machine can read: URLs may hold passwords.
        command.environment = .inheritAnd([ChaosWorker.nodesVariable: nodes.joined(separator: ",")])
        command.output = .file("\(directory)/logs/\(name).log")
        command.error = .file("\(directory)/logs/\(name).log")
        // Control-C is for the run, which then stops its workers in order.
        command.grouping = .ownGroup
        return command
    }
}
