import HoldfastHistory
public import HoldfastRuntime

/// Agents mutate a shared ledger while their workers and lock nodes are killed and paused; then the ledger is audited.
/// A chaos run like any other, of a scenario that its options make.
public struct Demo: Sendable {
    private let configuration: DemoConfiguration
    private let runtime: any Runtime
    private let watch: @Sendable (ChaosSnapshot) -> Void

    /// - Parameter watch: Told a few times a second what is going on.
    public init(
        _ configuration: DemoConfiguration, runtime: any Runtime = LiveRuntime(),
        watch: @escaping @Sendable (ChaosSnapshot) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.runtime = runtime
        self.watch = watch
    }

    /// Starts everything, lets it suffer, stops everything, and judges. Nothing is left running, however it ends.
    /// - Throws: ``ChaosError``, ``ClusterError`` and others when it could not be held.
    public func run() async throws -> DemoVerdict {
        try configuration.validate()
        let run = ChaosRun(configuration.scenario, configuration.options, runtime: runtime, watch: watch)
        return DemoVerdict(try await run.run().result)
    }
}
