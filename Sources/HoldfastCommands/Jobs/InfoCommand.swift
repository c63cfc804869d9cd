import ArgumentParser
import HoldfastJobs
import HoldfastRedis

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show the queues and the workers of a store, Python's included.",
        discussion: """
            Changes nothing, unlike 'rq info', which cleans up on the way.

            Examples:
              holdfast info
              holdfast info --store redis://127.0.0.1:6379 --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        struct Queue: Encodable {
            var name: String
            var jobs: QueueCounts
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

    func run() async throws {
        let overview = try await connection.withJobsClient { try await JobsOverview.read($0) }
        if output.json { return try Output.standard.json(Self.report(overview)) }
        if output.quiet { return }
        if overview.isSuspended { try Output.standard.line("Suspended: workers take no jobs until 'rq resume'.\n") }
        let palette = Palette(for: .standard)
        for line in Self.lines(overview, palette) { try Output.standard.line(line) }
    }

    private static func report(_ overview: JobsOverview) -> Report {
        Report(
            suspended: overview.isSuspended,
            queues: overview.queues.map { Report.Queue(name: $0.name, jobs: $0.counts) },
            workers: overview.workers.map {
                Report.Worker(
                    name: $0.name, state: $0.state, queues: $0.queues, host: $0.hostname, pid: $0.pid,
                    running: $0.running, succeeded: $0.succeeded, failed: $0.failed)
            })
    }

    private static func lines(_ overview: JobsOverview, _ palette: Palette) -> [String] {
        var queues = Table(
            ["QUEUE", "QUEUED", "STARTED", "FINISHED", "FAILED", "SCHEDULED", "DEFERRED"], right: [1, 2, 3, 4, 5, 6])
        for queue in overview.queues {
            let counts = queue.counts
            queues.add([
                "\(queue.name)", "\(counts.queued)", "\(counts.started)", "\(counts.finished)",
                Table.Cell("\(counts.failed)", counts.failed > 0 ? .red : nil), "\(counts.scheduled)",
                "\(counts.deferred)",
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
