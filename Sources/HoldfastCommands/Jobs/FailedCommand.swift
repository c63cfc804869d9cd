import ArgumentParser
import HoldfastJobs

struct FailedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failed", abstract: "List failed jobs, and run them again.",
        subcommands: [FailedList.self, FailedRequeue.self])
}

struct FailedList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the failed and the stopped jobs of a queue, newest first.",
        discussion: """
            Examples:
              holdfast failed list default
              holdfast failed list default --limit 1000 --json
            """)

    @Argument(help: "The queue's name.")
    var queue: String

    @Option(help: ArgumentHelp("How many, 1 to 10000.", valueName: "count"))
    var limit = 20

    @Option(help: ArgumentHelp("How many to pass over first.", valueName: "count"))
    var offset = 0

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var id: String
        var status: String
        var description: String
        var ended: String?
        var reason: String
    }

    func validate() throws {
        guard (1...10_000).contains(limit), offset >= 0 else {
            throw ValidationError("--limit must be 1 to 10000, and --offset not negative.")
        }
    }

    func run() async throws {
        let name = try QueueName(queue)
        let (jobs, total) = try await connection.withJobsClient { client in
            (
                try await JobAdministration(client).failed(name, limit: limit, offset: offset),
                try await Queue(name, client: client).counts().failed
            )
        }
        if output.json {
            return try Output.standard.json(
                jobs.map {
                    Report(
                        id: $0.id.text, status: $0.status.rawValue, description: $0.description,
                        ended: $0.endedAt?.text, reason: $0.reason)
                })
        }
        guard !jobs.isEmpty else { return try output.remark("no failed jobs") }
        var table = Table(["JOB", "STATUS", "ENDED", "CALL", "REASON"])
        for job in jobs {
            table.add([
                "\(job.id)", Table.Cell(job.status.rawValue, job.status == .failed ? .red : .yellow),
                Table.Cell(job.endedAt.map { String($0.text.prefix(19)) } ?? "-"),
                Table.Cell(Self.cut(job.description, 40)),
                Table.Cell(Self.cut(job.reason, 80)),
            ])
        }
        for line in table.lines(Palette(for: .standard)) { try Output.standard.line(line) }
        if total > offset + jobs.count { try output.remark("… of \(total); see --limit and --offset") }
    }

    private static func cut(_ text: String, _ count: Int) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > count ? line.prefix(count - 1) + "…" : line
    }
}

struct FailedRequeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue", abstract: "Put failed jobs into their queue again: some, or all that failed until now.",
        discussion: """
            With --all in batches, each atomic, oldest first; a job that fails again meanwhile stays failed.

            Examples:
              holdfast failed requeue default --all
              holdfast failed requeue default report-2026 report-2027
            """)

    @Argument(help: "The queue's name.")
    var queue: String

    @Argument(help: "The jobs' ids.")
    var ids: [String] = []

    @Flag(help: "All of them.")
    var all = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if ids.isEmpty != all { throw ValidationError("Give the ids of jobs, or --all, not both.") }
    }

    func run() async throws {
        let name = try QueueName(queue)
        let ids = try ids.map { try JobID($0) }
        let tally = try await connection.withJobsClient { client in
            let administration = JobAdministration(client)
            if all { return try await administration.requeueFailed(name) }
            var tally = JobAdministration.RequeueTally()
            for id in ids {
                guard try await administration.details(of: id).job.queue == name else {
                    throw CommandFailure("the job \(id) is not one of the queue \(name)")
                }
                try await administration.requeue(id)
                tally.requeued += 1
            }
            return tally
        }
        if output.json { return try Output.standard.json(tally) }
        let vanished = tally.vanished > 0 ? ", \(tally.vanished) had expired" : ""
        try output.remark("\(tally.requeued) requeued\(vanished)")
    }
}
