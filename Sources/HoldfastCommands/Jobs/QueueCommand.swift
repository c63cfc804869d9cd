import ArgumentParser
import HoldfastJobs

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "List, pause, resume and empty queues.",
        subcommands: [QueueList.self, QueuePause.self, QueueResume.self, QueueEmpty.self])
}

struct QueueList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the names of the queues, one a line.",
        discussion: """
            With numbers and for people: 'holdfast info'.

            Examples:
              holdfast queue list
              holdfast queue list --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var name: String
        var queued: Int
        var failed: Int
        var paused: Bool
    }

    func run() async throws {
        let queues = try await connection.withJobsClient { try await JobsOverview.read($0).queues }
        guard output.json else { return try queues.forEach { try Output.standard.line($0.name) } }
        try Output.standard.json(
            queues.map {
                Report(name: $0.name, queued: $0.counts.queued, failed: $0.counts.failed, paused: $0.isPaused)
            })
    }
}

/// Some queues, or the whole store.
private struct QueueTargets: ParsableArguments {
    @Argument(help: "The queues' names.")
    var queues: [String] = []

    @Flag(help: "The whole store, as 'rq suspend' and 'rq resume': Python's workers too.")
    var all = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if queues.isEmpty != all { throw ValidationError("Give the names of queues, or --all, not both.") }
    }

    func names() throws -> [QueueName] { try queues.map { try QueueName($0) } }
}

struct QueuePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Keep workers from taking jobs; those that run go on.",
        discussion: """
            A paused queue is respected by workers of Holdfast. Python's know only --all, which is 'rq suspend'.

            Examples:
              holdfast queue pause reports
              holdfast queue pause --all --for 10m
            """)

    @OptionGroup fileprivate var targets: QueueTargets

    @Option(name: .customLong("for"), help: ArgumentHelp("Ends by itself after this time.", valueName: "time"))
    var span: SpanArgument?

    func run() async throws {
        let names = try targets.names()
        try await targets.connection.withJobsClient { client in
            let administration = JobAdministration(client)
            if targets.all { try await administration.suspend(for: span?.duration) }
            for name in names { try await administration.pause(name, for: span?.duration) }
        }
        let until = span.map { " for \($0.duration.brief)" } ?? " until 'holdfast queue resume'"
        try targets.output.remark("paused\(until)")
    }
}

struct QueueResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let workers take jobs again.",
        discussion: """
            --all ends 'queue pause --all' and 'rq suspend'; queues that were paused by name stay so.

            Examples:
              holdfast queue resume reports
              holdfast queue resume --all
            """)

    @OptionGroup fileprivate var targets: QueueTargets

    func run() async throws {
        let names = try targets.names()
        let wasPaused = try await targets.connection.withJobsClient { client in
            let administration = JobAdministration(client)
            var wasPaused = targets.all ? try await administration.resume() : false
            for name in names { if try await administration.resume(name) { wasPaused = true } }
            return wasPaused
        }
        try targets.output.remark(wasPaused ? "resumed" : "nothing was paused")
    }
}

struct QueueEmpty: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "empty", abstract: "Delete the jobs that wait in a queue; prints how many.",
        discussion: """
            Jobs that run, are scheduled, have failed or finished are left alone.

            Examples:
              holdfast queue empty reports
            """)

    @Argument(help: "The queue's name.")
    var queue: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var queue: String
        var deleted: Int
    }

    func run() async throws {
        let name = try QueueName(queue)
        let deleted = try await connection.withJobsClient { try await JobAdministration($0).empty(name) }
        if output.json { return try Output.standard.json(Report(queue: name.text, deleted: deleted)) }
        try Output.standard.line("\(deleted)")
    }
}
