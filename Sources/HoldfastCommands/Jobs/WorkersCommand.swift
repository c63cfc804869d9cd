import ArgumentParser
import HoldfastJobs

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Tell running workers what to do, and forget dead ones.",
        discussion: "To see them: 'holdfast info'. To start them: 'holdfast worker' or 'holdfast pool'.",
        subcommands: [WorkersShutdown.self, WorkersKill.self, WorkersForget.self])
}

/// RQ's commands go to whoever listens at the moment.
private func requireHeard(_ wasHeard: Bool, _ worker: String) throws {
    if !wasHeard {
        throw CommandFailure("no worker named \(worker) listens: see 'holdfast info', and try again if it is there")
    }
}

struct WorkersShutdown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown", abstract: "End a worker as its first SIGTERM would, Python's too.",
        discussion: """
            A pool starts another in its place; end the pool itself by a signal.

            Examples:
              holdfast workers shutdown build-7
            """)

    @Argument(help: "The worker's name.")
    var name: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await connection.withJobsClient {
            try requireHeard(try await JobAdministration($0).shutDown(worker: name), name)
        }
        try output.remark("\(name) was told to end")
    }
}

struct WorkersKill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Fail what a worker is running; jobs with retries left run again.",
        discussion: """
            RQ's kill-horse. For one job and for good: 'holdfast job stop'.

            Examples:
              holdfast workers kill build-7
            """)

    @Argument(help: "The worker's name.")
    var name: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await connection.withJobsClient {
            try requireHeard(try await JobAdministration($0).failRunning(ofWorker: name), name)
        }
        try output.remark("\(name) was told to fail what it runs")
    }
}

struct WorkersForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Take a dead worker off the lists and give its jobs back at once.",
        discussion: """
            Without it they come back when the lease runs out. If the worker lives after all, what it says of those \
            jobs is refused.

            Examples:
              holdfast workers forget build-7
              holdfast workers forget build-7 --alive
            """)

    @Argument(help: "The worker's name.")
    var name: String

    @Flag(help: "Also if it has given a sign of life within the last minute.")
    var alive = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var worker: String
        var returned: Int
    }

    func run() async throws {
        let returned = try await connection.withJobsClient {
            try await JobAdministration($0).forget(worker: name, evenIfAlive: alive)
        }
        if output.json { return try Output.standard.json(Report(worker: name, returned: returned)) }
        try output.remark("\(name) is forgotten, \(returned) jobs were given back")
    }
}
