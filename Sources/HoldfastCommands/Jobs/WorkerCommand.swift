import ArgumentParser
import HoldfastJobs
import HoldfastPrograms

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs from queues, the first queue's before the second's unless told otherwise.",
        discussion: """
            The queues are RQ's: Python's rq may enqueue (serializer='json'), and 'rq info' shows this worker. \
            On SIGINT or SIGTERM it takes no more jobs and finishes those that run; at the second signal, or when the \
            grace is over, it gives them back to their queues; at the third it ends at once.

            A --handler serves a function by a program of any language. Its exit status decides: 0 success, 65 never \
            try again, 75 run again in 30 s without spending a retry, anything else a failure; the end of its \
            standard error is the reason. It finds HOLDFAST_JOB_ID, _FUNCTION, _QUEUE, _ATTEMPT, _TOKEN, _DEADLINE and \
            _IDEMPOTENCY_KEY in its environment, and it dies with the worker.

            Examples:
              holdfast worker high default low
              holdfast worker default --concurrency 16 --lease 5s --store redis://127.0.0.1:6379
              holdfast worker paid free --order weighted --weights 3,1 --max-idle 10m
              holdfast worker default --metrics-port 9464
              holdfast worker default --deliver-webhooks --webhook-secret-file /run/secrets/webhooks
              holdfast worker default --handler tasks.add='./add.py' --handler img.resize='convert-job --fast'
            """)

    @OptionGroup var options: WorkerOptions

    @Option(help: "The worker's name, unique among the living; drawn if not given.")
    var name: String?

    @Flag(help: ArgumentHelp("Tell of the worker's start, end and troubles only.", visibility: .hidden))
    var summary = false

    @OptionGroup var metrics: MetricsOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = options.configuration(name: name)
        let names = try options.queueNames()
        let handlers = try options.registry(ProgramHandlers())
        let report = WorkerReport(output, summaryOnly: summary)
        let endpoint = metrics.endpoint()
        try await connection.withJobsClient { client in
            let worker = try Worker(
                queues: names, client: client, handlers: handlers, configuration: configuration,
                observe: report.observe)
            Interruption.current?.handle { worker.shutdown() }
            guard let endpoint else {
                try await worker.run()
                return try report.summary(worker.name, worker.counters)
            }
            try await endpoint.serve(queues: names, client) {
                try report.metrics(at: $0)
            } while: {
                try await worker.run()
            }
            try report.summary(worker.name, worker.counters)
        }
    }
}
