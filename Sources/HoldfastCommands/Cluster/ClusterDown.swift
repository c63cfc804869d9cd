import ArgumentParser
import HoldfastCluster

struct ClusterDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the servers; their data stays.",
        discussion: """
            Examples:
              holdfast cluster down
              holdfast cluster down --dir /var/lib/holdfast
            """)

    @OptionGroup var directory: ClusterDirectoryOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let stopped = try await LocalCluster.stop(directory.path)
        if output.json { return try Output.standard.json(["stopped": stopped]) }
        try output.remark(
            stopped.isEmpty ? "No server was running." : "Stopped \(stopped.joined(separator: ", ")).")
    }
}
