import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Start, show and stop Redis servers on this machine.",
        discussion: """
            The servers keep their data, logs and configuration in a directory, which names the cluster.

            Examples:
              holdfast cluster up
              holdfast cluster up --nodes 3 --store 1 --dir /var/lib/holdfast
              holdfast cluster status --json
              holdfast cluster down
            """,
        subcommands: [
            ClusterUp.self, ClusterInit.self, ClusterStatusCommand.self, ClusterAdmit.self, ClusterDown.self,
        ])
}

/// The directory that names a cluster.
struct ClusterDirectoryOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The cluster's directory.",
            discussion: "HOLDFAST_DIR if not given, else \(ConnectionOptions.defaultDirectory).", valueName: "dir"))
    var dir: String?
}
