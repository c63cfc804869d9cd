import ArgumentParser
import HoldfastChaos

/// A client of `holdfast verify --adapter`; not for people.
struct ChaosClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "A client process of another library's run.", shouldDisplay: false)

    @Option var name: String
    @Option var number: Int
    @Option var directory: String
    @Option var adapter: String

    func run() async throws {
        try await AdapterClient(
            name: name, number: number, directory: directory, nodes: ChaosWorkerCommand.nodes, adapter: adapter
        ).run()
    }
}
