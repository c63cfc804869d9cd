import ArgumentParser
import HoldfastJobs
import Logging

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run jobs from queues, the first queue's before the second's.",
        discussion: """
            The queues are RQ's: Python's rq may enqueue (serializer='json'), and 'rq info' shows this worker. \
            On SIGINT or SIGTERM it takes no more jobs and finishes those that run; at the second signal, or when the \
            grace is over, it gives them back to their queues; at the third it ends at once.

            Examples:
              holdfast worker high default low
              holdfast worker default --concurrency 16 --lease 5s --store redis://127.0.0.1:6379
            """)

    @Argument(help: "The queues' names, the most urgent first.")
    var queues: [String]

    @Option(help: ArgumentHelp("How many jobs run at once.", valueName: "count"))
    var concurrency = 4

    @Option(
        help: ArgumentHelp(
            "How long a job stays ours without a sign of life; then another worker runs it again.", valueName: "time"))
    var lease = SpanArgument(.seconds(15))

    @Option(help: ArgumentHelp("How long running jobs may take after the first signal.", valueName: "time"))
    var grace = SpanArgument(.seconds(30))

    @Option(help: ArgumentHelp("After how many executions that lost their worker a job is failed.", valueName: "count"))
    var crashLimit = 5

    @Option(help: "The worker's name, unique among the living; drawn if not given.")
    var name: String?

    @Flag(help: "End when the queues are empty.")
    var burst = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var configuration = WorkerConfiguration()
        configuration.name = name
        configuration.concurrency = concurrency
        configuration.lease = lease.duration
        configuration.grace = grace.duration
        configuration.crashLimit = crashLimit
        configuration.burst = burst
        let names = try queues.map { try QueueName($0) }
        let report = WorkerReport(output)
        try await connection.withJobsClient { client in
            let worker = try Worker(
                queues: names, client: client, handlers: BuiltInFunctions.registry(), configuration: configuration,
                observe: report.observe)
            Interruption.current?.handle { worker.shutdown() }
            try await worker.run()
            try report.summary(worker.name, worker.counters)
        }
    }
}
