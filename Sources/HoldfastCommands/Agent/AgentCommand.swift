import ArgumentParser

/// `holdfast agent`
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run agents.", subcommands: [AgentRun.self])
}
