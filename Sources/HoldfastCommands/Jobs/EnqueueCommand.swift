import ArgumentParser
import HoldfastJobs

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Put a job into a queue; prints its id, or with --wait its result.",
        discussion: """
            Arguments are JSON. The job is RQ's: a worker of ours or 'rq worker -S json' runs it.

            Examples:
              holdfast enqueue default holdfast.echo '"hello"' --wait
              holdfast enqueue reports tasks.build 2026 --kwargs '{"format": "pdf"}' --id report-2026 --retries 3
            """)

    @Argument(help: "The queue's name.")
    var queue: String

    @Argument(help: "The function's name, such as package.module.function.")
    var function: String

    @Argument(help: ArgumentHelp("The positional arguments, each as JSON.", valueName: "json"))
    var arguments: [String] = []

    @Option(help: ArgumentHelp("The arguments by name, as a JSON object.", valueName: "json"))
    var kwargs: String?

    @Option(help: "The job's id; refused while a job of this id waits or runs. Drawn if not given.")
    var id: String?

    @Option(help: ArgumentHelp("The time one execution may take; 0 for any.", valueName: "time"))
    var timeout = SpanArgument(.seconds(180))

    @Option(help: ArgumentHelp("How often to try again after a failure.", valueName: "count"))
    var retries = 0

    @Flag(help: "Put it before the jobs that wait.")
    var atFront = false

    @Flag(help: "Wait for the result and print it; exit status 1 if the job fails.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
    var patience = SpanArgument(.seconds(60))

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var id: String
        var queue: String
        var outcome: String?
        var result: String?
        var failure: String?
    }

    func run() async throws {
        let payload = try JobPayload(function: function, argumentsJSON: arguments, keywordsJSON: kwargs)
        var options = JobOptions(timeout: timeout.duration > .zero ? timeout.duration : nil, atFront: atFront)
        if let id { options.id = try JobID(id) }
        guard retries >= 0 else { throw CommandFailure("--retries must not be negative", code: .usage) }
        if retries > 0 { options.retry = .init(maximum: retries) }
        let job = NewJob(payload, options: options)
        let name = try QueueName(queue)
        try await connection.withJobsClient { client in
            let queue = Queue(name, client: client)
            let id = try await queue.enqueue([job])[0]
            guard wait else {
                if output.json { return try Output.standard.json(Report(id: id.text, queue: name.text)) }
                return try Output.standard.line(id.text)
            }
            let result = try await queue.wait(for: id, patience: patience.duration)
            try show(result, of: name)
        }
    }

    private func show(_ result: JobResult, of queue: QueueName) throws {
        let value = result.returnValue.map { String(decoding: $0, as: UTF8.self) } ?? "null"
        let isSuccess = result.outcome == .successful
        if output.json {
            try Output.standard.json(
                Report(
                    id: result.jobID.text, queue: queue.text, outcome: isSuccess ? "finished" : "failed",
                    result: isSuccess ? value : nil, failure: result.failure))
        } else if isSuccess {
            try Output.standard.line(value)
        }
        if !isSuccess {
            throw CommandFailure("the job \(result.jobID) failed: \(result.failure ?? "nothing says why")")
        }
    }
}
