import Foundation
import HoldfastCluster
public import HoldfastHistory
import HoldfastLocks
public import HoldfastRuntime

/// One run of a scenario: everything is started, suffers, is stopped, and is judged.
public struct ChaosRun: Sendable {
    /// What a run leaves behind.
    public struct Outcome: Sendable {
        public var result: ChaosResult
        public var history: History

        /// The verdicts as JUnit XML.
        public var junit: String { JUnitReport.text([result], []) }

        /// The report as one page of HTML.
        /// - Parameter command: Repeats the run.
        public func page(command: String) -> String { HTMLReport.text(result, history, command: command) }
    }

    private let scenario: Scenario
    private let options: ChaosOptions
    private let runtime: any Runtime
    private let watch: @Sendable (ChaosSnapshot) -> Void

    /// - Parameter watch: Told a few times a second what is going on.
    public init(
        _ scenario: Scenario, _ options: ChaosOptions, runtime: any Runtime = LiveRuntime(),
        watch: @escaping @Sendable (ChaosSnapshot) -> Void = { _ in }
    ) {
        self.scenario = scenario
        self.options = options
        self.runtime = runtime
        self.watch = watch
    }

    /// Nothing is left running, however it ends.
    /// - Throws: ``ChaosError``, ``ClusterError`` and others when it could not be held.
    public func run() async throws -> Outcome {
        let directory =
            options.directory
            ?? FileManager.default.temporaryDirectory.path + "/holdfast-chaos-" + runtime.randomHex(bytes: 6)
        defer { if options.directory == nil { try? FileManager.default.removeItem(atPath: directory) } }
        // For this user only: what workers are told may hold the store's password.
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for part in ["history", "orders", "logs"] {
            let path = "\(directory)/\(part)"
            if FileManager.default.fileExists(atPath: path) {
                throw ChaosError("\(directory) holds an earlier run: choose another directory, or remove it")
            }
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        watch(ChaosSnapshot())
        var configuration = ClusterConfiguration(
            nodes: options.nodes == nil ? scenario.topology.nodes : 0, stores: options.store == nil ? 1 : 0,
            directory: directory + "/cluster")
        let tools = try await prepare(&configuration, in: directory)
        do {
            let outcome = try await stand(directory, configuration, tools)
            try await tools.kernel?.close()
            return outcome
        } catch {
            try? await tools.kernel?.close()
            throw error
        }
    }

    private func stand(
        _ directory: String, _ configuration: ClusterConfiguration, _ tools: FaultTools
    ) async throws -> Outcome {
        let ground = try await Ground.lay(configuration, options, runtime: runtime)
        do {
            let outcome = try await suffer(directory, ground, tools)
            await ground.stop()
            return outcome
        } catch {
            await ground.stop()
            throw error
        }
    }

    /// Makes what the faults need that must be there before the servers.
    private func prepare(
        _ configuration: inout ClusterConfiguration, in directory: String
    ) async throws -> FaultTools {
        let (kinds, nodes) = (scenario.faults.map(\.kind), scenario.topology.nodes)
        var tools = FaultTools()
        // Nodes that were given have started already.
        if options.nodes == nil {
            if kinds.contains(where: \.isOfClock) {
                tools.clocks = try await Clocks.prepare(nodes: nodes, in: directory, runtime: runtime)
                tools.clocks?.equip(&configuration)
            }
            if kinds.contains(where: \.isOfDisk) {
                tools.disks = try await Disks.prepare(nodes: nodes, in: directory)
                tools.disks?.equip(&configuration)
            }
        }
        if kinds.contains(where: \.isOfKernel) { tools.kernel = await KernelNetwork.prepare() }
        return tools
    }

    private func suffer(
        _ directory: String, _ ground: Ground, _ prepared: FaultTools
    ) async throws -> Outcome {
        // Nodes that were given are somebody's cluster already.
        if !ground.members.isEmpty {
            _ = try await LockCluster.initialize(
                try LockClusterConfiguration(urls: ground.nodeURLs), maximumTTL: scenario.workload.lockTTL * 2,
                runtime: runtime)
        }
        try WorkerSettings(scenario.workload, store: ground.store, mutant: options.mutant).save(in: directory)
        let history = try HistoryWriter(
            path: "\(directory)/history/chaos.jsonl", client: "chaos", number: 0, runtime: runtime)
        var tools = prepared
        if scenario.faults.contains(where: { $0.kind.isOfNetwork }) {
            tools.links = try await Links.start(
                workers: scenario.topology.workers, nodes: ground.nodes, runtime: runtime)
        }
        let stage = ChaosStage(
            scenario: scenario, options: options, directory: directory, ground: ground, tools: tools,
            driver: try driver(directory, ground, history), history: history, runtime: runtime, watch: watch)
        do {
            let outcome = try await stage.play()
            await leave(stage)
            return outcome
        } catch {
            await leave(stage)
            throw error
        }
    }

    private func leave(_ stage: ChaosStage) async {
        await stage.driver.close()
        await stage.tools.links?.close()
    }

    private func driver(
        _ directory: String, _ ground: Ground, _ history: HistoryWriter
    ) throws -> any WorkloadDriver {
        let (workload, store) = (scenario.workload, ground.store)
        if let adapter = options.adapter {
            return AdapterDriver(
                adapter, workload, nodes: ground.nodeURLs, store: store, log: "\(directory)/logs/adapter.log",
                history: history, runtime: runtime)
        }
        return switch workload.kind {
        case .agents:
            try AgentDriver(workload, seed: options.seed, store: store, history: history, runtime: runtime)
        case .jobs: try JobDriver(workload, seed: options.seed, store: store, history: history, runtime: runtime)
        case .counter, .election:
            try RegisterDriver(workload, mutant: options.mutant, store: store, history: history, runtime: runtime)
        }
    }
}
