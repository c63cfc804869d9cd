import ArgumentParser
import HoldfastCluster
import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRedisTLS

struct BenchJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Enqueue jobs that do nothing, and let workers drain them.",
        discussion: """
            Without --redis it starts a store of its own on this machine, without fsync, and stops it at the end. With \
            --redis it uses that server: all its keys begin with 'holdfast-bench:' and are removed at the end.

            A tenth of the jobs is enqueued one by one by 16 callers, the rest 1000 a call by two; then --workers \
            workers in this process drain them, and an idle worker picks up jobs that are due every 10 ms.

            In the JSON: pickup_us is the time from the moment at which a job was due to its handler's first step, \
            whether or not the job before had been picked up. round_trips_per_job counts what the workers wrote, \
            renewals and heartbeats included; commands_per_job all commands of the server meanwhile, those inside of \
            scripts included; cpu_us_per_job is this process's processor time, server_cpu_us_per_job the server's; \
            rss_mb the most memory that this process had while draining.

            Exit status: 0 measured, 1 jobs are missing, 69 the server does not answer, 130 interrupted.

            Examples:
              holdfast bench jobs
              holdfast bench jobs --jobs 100000 --concurrency 64 --payload 1000
              holdfast bench jobs --drop-results --concurrency 1
              holdfast bench jobs --redis redis://127.0.0.1:6379 --json
            """)

    @Option(help: ArgumentHelp("The server's URL; a store of its own if not given.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("How many jobs, 1 to 10000000.", valueName: "count"))
    var jobs = 20_000

    @Option(help: ArgumentHelp("How many workers, 1 to 100.", valueName: "count"))
    var workers = 1

    @Option(help: ArgumentHelp("How many jobs a worker runs at once, 1 to 10000.", valueName: "count"))
    var concurrency = 32

    @Option(help: ArgumentHelp("How many bytes of text a job carries, 0 to 1000000.", valueName: "bytes"))
    var payload = 64

    @Flag(help: "Let jobs keep no result, as in queues that know none; else it stays 500 s, as in RQ.")
    var dropResults = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000_000).contains(jobs) else { throw ValidationError("--jobs is from 1 to 10000000.") }
        guard (1...100).contains(workers) else { throw ValidationError("--workers is from 1 to 100.") }
        guard (1...10_000).contains(concurrency) else { throw ValidationError("--concurrency is from 1 to 10000.") }
        guard (0...1_000_000).contains(payload) else { throw ValidationError("--payload is from 0 to 1000000.") }
    }

    func run() async throws {
        if let redis {
            try await measure(try RedisConfiguration(url: redis))
        } else {
            try await withTemporaryCluster(nodes: 0, stores: 1, storeFsync: .never) { cluster in
                try await measure(try RedisConfiguration(url: cluster.storeURLs[0]))
            }
        }
    }

    private func measure(_ server: RedisConfiguration) async throws {
        var load = JobLoad(jobs: jobs)
        load.workers = workers
        load.concurrency = concurrency
        load.payload = payload
        load.keepsResults = !dropResults
        load.pickups = min(200, jobs)
        let view = output.json || output.quiet ? nil : LiveView()
        let transport = server.secure ? try NIOTransport(RedisTLS()) : NIOTransport()
        let figures: Result<JobFigures, any Error>
        do {
            figures = .success(
                try await load.run(
                    connect: { RedisClient(server, scripts: JobScripts.all, transport: transport) },
                    progress: { phase in try? view?.show([phase], plain: phase) }))
        } catch { figures = .failure(error) }
        try view?.clear()
        let report = BenchJobsReport(load, try figures.get())
        if output.json { try Output.standard.json(report) } else { try report.write(to: .standard) }
    }
}

extension JobLoadError: ExplainedFailure {
    var exitCode: ExitCode { .failed }
}
