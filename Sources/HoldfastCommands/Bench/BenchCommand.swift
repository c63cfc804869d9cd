import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how fast your servers, or servers made for it, are.",
        discussion: """
            Examples:
              holdfast bench locks
              holdfast bench locks --clients 64 --names shared --json
              holdfast bench jobs --jobs 100000
            """,
        subcommands: [BenchLocks.self, BenchJobs.self])
}
