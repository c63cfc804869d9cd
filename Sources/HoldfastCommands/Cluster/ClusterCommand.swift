import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Start and stop Redis servers on this machine; make lock clusters and examine them.",
        discussion: """
            The servers that 'up' starts keep their data, logs and configuration in a directory, which names the \
            cluster. 'init', 'doctor' and 'admit' work with lock nodes anywhere.

            Examples:
              holdfast cluster up
              holdfast cluster up --nodes 3 --store 1 --dir /var/lib/holdfast
              holdfast cluster status --json
              holdfast cluster doctor --nodes redis://a,redis://b,redis://c
              holdfast cluster down
            """,
        subcommands: [
            ClusterUp.self, ClusterInit.self, ClusterStatusCommand.self, ClusterDoctor.self, ClusterAdmit.self,
            ClusterDown.self,
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
