import ArgumentParser
import HoldfastChaos
import HoldfastProcess

/// A client of `holdfast verify --adapter`; not for people.
struct ChaosClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "A client process of another library's run.", shouldDisplay: false)

    @Option var name: String
    @Option var number: Int
    @Option var directory: String

    func run() async throws {
        guard let adapter = Environment.variable(AdapterClient.adapterVariable) else {
            throw CommandFailure("\(AdapterClient.adapterVariable) is missing", code: .usage)
        }
        try await AdapterClient(
            name: name, number: number, directory: directory, nodes: ChaosWorkerCommand.nodes, adapter: adapter
        ).run()
    }
}
