import ArgumentParser
import HoldfastChaos
import HoldfastProcess

/// A worker of `holdfast chaos run` and `holdfast demo`; not for people.
struct ChaosWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "A worker process of a run.", shouldDisplay: false)

    @Option var name: String
    @Option var number: Int
    @Option var directory: String
    /// Milliseconds.
    @Option var patience: Int64 = 60_000

    /// As the run tells its processes.
    static var nodes: [String] {
        (Environment.variable(ChaosWorker.nodesVariable) ?? "").split(separator: ",").map(String.init)
    }

    func run() async throws {
        try await ChaosWorker(
            name: name, number: number, directory: directory, nodes: Self.nodes, program: try OwnProgram.path(),
            patience: .milliseconds(patience)
        ).run()
    }
}
