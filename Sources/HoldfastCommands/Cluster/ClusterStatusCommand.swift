import ArgumentParser
import HoldfastCluster

struct ClusterStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the servers; exit status 1 unless all are running.",
        discussion: """
            Examples:
              holdfast cluster status
              holdfast cluster status --quiet && echo healthy
            """)

    @OptionGroup var directory: ClusterDirectoryOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let status = try LocalCluster.status(of: directory.path)
        if output.json {
            try Output.standard.json(ClusterReport(status))
        } else if !output.quiet {
            try status.write(to: .standard)
        }
        let others = status.members.filter { $0.state != .running }
        if others.isEmpty { return }
        let names = others.map { "\($0.name) is \($0.state.rawValue)" }.joined(separator: ", ")
        throw CommandFailure("\(names); start what is down with 'holdfast cluster up --dir \(directory.path)'")
    }
}
