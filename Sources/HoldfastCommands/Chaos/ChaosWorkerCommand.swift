import ArgumentParser
import HoldfastChaos

/// A worker of `holdfast chaos run` and `holdfast demo`; not for people.
struct ChaosWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "A worker process of a run.", shouldDisplay: false)

    @Option var name: String
    @Option var number: Int
    @Option var directory: String
    @Option var nodes: String?
    /// Milliseconds.
    @Option var patience: Int64 = 60_000

    func run() async throws {
        let urls = (nodes ?? "").split(separator: ",").map(String.init)
        try await ChaosWorker(
            name: name, number: number, directory: directory, nodes: urls, patience: .milliseconds(patience)
        )
        .run()
    }
}
