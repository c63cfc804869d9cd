import ArgumentParser
import HoldfastJobs
import HoldfastPrograms
import HoldfastProcess
import HoldfastRuntime

struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Keep several worker processes running; each is started again when it dies.",
        discussion: """
            One process uses all processors already; a pool is for handlers that may take their process down with \
            them. Its workers are named NAME.1, NAME.2, …. One that dies is started again, at once if it was told to \
            end, else after 0.5 s, doubled each time up to 30 s. SIGINT and SIGTERM are passed on: the first lets the \
            jobs finish, the second gives them back, the third ends everything at once.

            Exit status: 0 after a signal or, with --burst, when the queues are empty.

            Examples:
              holdfast pool default --workers 4
              holdfast pool high low --workers 2 --concurrency 8 --handler tasks.add=./add.py
            """)

    @OptionGroup var options: WorkerOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("How many worker processes, 1 to 256.", valueName: "count"))
    var workers = 2

    @Option(help: "The pool's name, the beginning of its workers' names; drawn if not given.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Serve /metrics of the first worker on this port, of the second on the next one, and so on.",
            valueName: "port"))
    var metricsPort: UInt16?

    @Option(help: ArgumentHelp("The address to serve them on.", valueName: "address"))
    var metricsHost = "127.0.0.1"

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...256).contains(workers) else { throw ValidationError("--workers must be 1 to 256.") }
        if let metricsPort, metricsPort == 0 || Int(metricsPort) + workers > 65_536 {
            throw ValidationError("--metrics-port must leave a port for each worker, and not be 0.")
        }
    }

    func run() async throws {
        let runtime = LiveRuntime()
        let name = name ?? "pool-\(runtime.randomHex(bytes: 4))"
        try await check(name)
        let program = try OwnProgram.path()
        let arguments = ["worker"] + options.arguments + connection.arguments
        let variables = connection.variables
        let isQuiet = output.quiet
        let (metricsPort, metricsHost) = (metricsPort, metricsHost)
        let report = PoolReport(output)
        let pool = Pool(name: name, size: workers, burst: options.burst) { worker, place in
            var arguments = arguments + ["--name", worker, "--json"] + (isQuiet ? ["--summary"] : [])
            if let metricsPort {
                arguments += ["--metrics-port", "\(Int(metricsPort) + place - 1)", "--metrics-host", metricsHost]
            }
            var command = Command(program, arguments)
            command.environment = .inheritAnd(variables)
            return command
        } tell: { _, worker, line in
            report.tell(worker, line)
        }
        Interruption.current?.handle { pool.end() }
        let summary = try await pool.run()
        try report.summary(name, workers: workers, summary)
        if summary.gaveUp { throw CommandFailure("a worker refused its command line", code: .usage) }
    }

    /// Says here and once what would fail in every worker.
    private func check(_ name: String) async throws {
        let names = try options.queueNames()
        let handlers = try options.registry(ProgramHandlers())
        let configuration = options.configuration(name: "\(name).\(workers)")
        try await connection.withJobsClient { client in
            _ = try Worker(queues: names, client: client, handlers: handlers, configuration: configuration)
        }
    }
}

/// What a pool prints.
struct PoolReport: Sendable {
    let output: OutputOptions

    init(_ output: OutputOptions) { self.output = output }

    private struct Line: Encodable {
        var event = "pool-stopped"
        var pool: String
        var workers: Int
        var respawned: Int
        var lost: Int
        var counters: WorkerCounters
    }

    /// A reader that has gone away must not stop the workers: its lines are dropped.
    func tell(_ worker: String, _ line: WorkerReport.Line) {
        if output.quiet { return }
        var line = line
        line.worker = worker
        if output.json {
            try? Output.standard.jsonLine(line)
        } else if line.counters == nil {
            // The worker's name stands in front of each line, not in it.
            line.worker = nil
            try? Output.standard.line("\(worker): \(WorkerReport.text(line))")
        }
    }

    func summary(_ name: String, workers: Int, _ summary: Pool.Summary) throws {
        if output.json {
            return try Output.standard.jsonLine(
                Line(
                    pool: name, workers: workers, respawned: summary.respawned, lost: summary.lost,
                    counters: summary.counters))
        }
        let lost = summary.lost > 0 ? ", not counting \(summary.lost) that were lost" : ""
        try output.remark(
            "\(workers) workers, \(summary.respawned) started again: \(WorkerReport.text(summary.counters))\(lost)")
    }
}
