import Foundation
import HoldfastCluster
import HoldfastHistory
import HoldfastJobs
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import HoldfastResources
public import HoldfastRuntime
import Synchronization

/// Agents mutate a shared ledger while their workers and lock nodes are killed and paused; then the ledger is audited.
public struct Demo: Sendable {
    private let configuration: DemoConfiguration
    private let runtime: any Runtime
    private let watch: @Sendable (DemoSnapshot) -> Void

    /// - Parameter watch: Told a few times a second what is going on.
    public init(
        _ configuration: DemoConfiguration, runtime: any Runtime = LiveRuntime(),
        watch: @escaping @Sendable (DemoSnapshot) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.runtime = runtime
        self.watch = watch
    }

    /// Starts everything, lets it suffer, stops everything, and judges. Nothing is left running, however it ends.
    /// - Throws: ``DemoError``, ``ClusterError`` and others when it could not be held.
    public func run() async throws -> DemoVerdict {
        try configuration.validate()
        let directory =
            configuration.directory
            ?? FileManager.default.temporaryDirectory.path + "/holdfast-demo-" + runtime.randomHex(bytes: 6)
        defer { if configuration.directory == nil { try? FileManager.default.removeItem(atPath: directory) } }
        for part in ["history", "orders", "logs"] {
            let path = "\(directory)/\(part)"
            if FileManager.default.fileExists(atPath: path) {
                throw DemoError("\(directory) holds an earlier run: choose another --dir, or remove it")
            }
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        watch(DemoSnapshot())
        let cluster = try await LocalCluster.start(
            ClusterConfiguration(nodes: configuration.nodes, stores: 1, directory: directory + "/cluster"),
            runtime: runtime)
        do {
            let verdict = try await DemoRun(configuration, directory, cluster, runtime, watch).run()
            await cluster.stop(grace: .seconds(2))
            return verdict
        } catch {
            await cluster.stop(grace: .seconds(2))
            throw error
        }
    }
}
