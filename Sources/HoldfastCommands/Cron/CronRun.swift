import ArgumentParser
import HoldfastJobs
import HoldfastLocks
import HoldfastRedis

struct CronRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Enqueue the entries' jobs when they are due, until interrupted.",
        discussion: """
            Run as many as you like: a tick is enqueued once, whoever sees it. Where lock nodes are named by an option \
            or a variable they elect a leader, and the others rest until it is gone.

            Examples:
              holdfast cron run --store redis://127.0.0.1:6379
              holdfast cron run --dir ./cluster --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var event: String
        var entry: String?
        var job: String?
        var due: String?
        var reason: String?
    }

    func run() async throws {
        try await connection.withJobsClient { client in
            guard connection.namesNodes else { return try await obey(client, nil) }
            let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
            let locks = try await LockCluster.connect(
                configuration, transport: try connection.transport(to: configuration.nodes))
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await obey(client, locks)) } catch { outcome = .failure(error) }
            await locks.close()
            try outcome.get()
        }
    }

    private func obey(_ client: RedisClient, _ locks: LockCluster?) async throws {
        let json = output.json
        let quiet = output.quiet
        let scheduler = CronScheduler(client: client, locks: locks) { event in
            // A reader that has gone is no reason to stop enqueueing.
            try? Self.tell(event, json: json, quiet: quiet)
        }
        try await scheduler.run()
        try Task.checkCancellation()
    }

    private static func tell(_ event: CronEvent, json: Bool, quiet: Bool) throws {
        let report: Report
        let line: String
        switch event {
        case .working: (report, line) = (Report(event: "working"), "working")
        case .enqueued(let entry, let job, let due):
            report = Report(event: "enqueued", entry: entry, job: job.text, due: due.text)
            line = "\(entry): enqueued \(job)"
        case .skipped(let entry, let due):
            report = Report(event: "skipped", entry: entry, due: due.text)
            line = "\(entry): left out, the job before is live"
        case .unreadable(let error):
            (report, line) = (Report(event: "unreadable", reason: error.message), error.message)
        case .troubled(let reason):
            (report, line) = (Report(event: "waiting", reason: reason), "waiting: \(reason)")
        }
        if json { return try Output.standard.jsonLine(report) }
        if !quiet { try Output.error.line(line) }
    }
}
