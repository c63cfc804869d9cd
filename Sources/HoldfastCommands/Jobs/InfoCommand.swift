import ArgumentParser
import HoldfastJobs
import HoldfastRedis
import HoldfastRuntime

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show the queues and the workers of a store, Python's included.",
        discussion: """
            Changes nothing, unlike 'rq info', which cleans up on the way. OLDEST is how long the next job of a queue \
            has been waiting.

            Examples:
              holdfast info
              holdfast info --watch
              holdfast info --store redis://127.0.0.1:6379 --json
            """)

    @Flag(help: "Refresh until interrupted; with --json one line of JSON each time.")
    var watch = false

    @Option(help: ArgumentHelp("How often --watch looks.", valueName: "time"))
    var interval = SpanArgument(.seconds(1))

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        struct Queue: Encodable {
            var name: String
            var jobs: QueueCounts
            var paused: Bool
            /// Seconds; nil when it is empty.
            var latency: Double?
        }
        struct Worker: Encodable {
            var name: String
            var state: String
            var queues: [String]
            var host: String
            var pid: Int?
            var running: Int
            var succeeded: Int
            var failed: Int
        }
        var suspended: Bool
        var queues: [Queue]
        var workers: [Worker]
    }

    func validate() throws {
        guard interval.duration >= .milliseconds(100) else {
            throw ValidationError("--interval must be at least 100ms.")
        }
    }

    func run() async throws {
        try await connection.withJobsClient { client in
            guard watch else { return try show(try await JobsOverview.read(client)) }
            let view = LiveView()
            while true {
                do {
                    let overview = try await JobsOverview.read(client)
                    if output.json {
                        try Output.standard.jsonLine(Self.report(overview))
                    } else {
                        let lines = Self.text(overview, Palette(for: .standard))
                        try view.show(lines, plain: lines.joined(separator: "\n"))
                    }
                } catch let error as JobsError where error.code == .redis && !Task.isCancelled {
                    // The client connects again by itself; who watches wants to see that.
                    try view.note("\(error)")
                }
                try await client.runtime.sleep(for: interval.duration)
            }
        }
    }

    private func show(_ overview: JobsOverview) throws {
        if output.json { return try Output.standard.json(Self.report(overview)) }
        if output.quiet { return }
        for line in Self.text(overview, Palette(for: .standard)) { try Output.standard.line(line) }
    }

    private static func text(_ overview: JobsOverview, _ palette: Palette) -> [String] {
        let lines = lines(overview, palette)
        guard overview.isSuspended else { return lines }
        return ["Suspended: workers take no jobs until 'holdfast queue resume --all' (or 'rq resume').", ""] + lines
    }

    private static func report(_ overview: JobsOverview) -> Report {
        Report(
            suspended: overview.isSuspended,
            queues: overview.queues.map {
                Report.Queue(
                    name: $0.name, jobs: $0.counts, paused: $0.isPaused, latency: $0.latency.map(\.seconds))
            },
            workers: overview.workers.map {
                Report.Worker(
                    name: $0.name, state: $0.state, queues: $0.queues, host: $0.hostname, pid: $0.pid,
                    running: $0.running, succeeded: $0.succeeded, failed: $0.failed)
            })
    }

    private static func lines(_ overview: JobsOverview, _ palette: Palette) -> [String] {
        var queues = Table(
            ["QUEUE", "QUEUED", "STARTED", "FINISHED", "FAILED", "SCHEDULED", "DEFERRED", "OLDEST", ""],
            right: [1, 2, 3, 4, 5, 6, 7])
        for queue in overview.queues {
            let counts = queue.counts
            queues.add([
                "\(queue.name)", "\(counts.queued)", "\(counts.started)", "\(counts.finished)",
                Table.Cell("\(counts.failed)", counts.failed > 0 ? .red : nil), "\(counts.scheduled)",
                "\(counts.deferred)", Table.Cell(queue.latency.map(\.brief) ?? "-"),
                Table.Cell(queue.isPaused ? "paused" : "", .yellow),
            ])
        }
        var workers = Table(["WORKER", "STATE", "QUEUES", "RUNNING", "SUCCEEDED", "FAILED"], right: [3, 4, 5])
        for worker in overview.workers {
            workers.add([
                "\(worker.name)", Table.Cell(worker.state, worker.state == "busy" ? .green : nil),
                "\(worker.queues.joined(separator: ","))", "\(worker.running)", "\(worker.succeeded)",
                "\(worker.failed)",
            ])
        }
        let first = overview.queues.isEmpty ? ["No queue yet."] : queues.lines(palette)
        let second = overview.workers.isEmpty ? ["No worker."] : workers.lines(palette)
        return first + [""] + second
    }
}
