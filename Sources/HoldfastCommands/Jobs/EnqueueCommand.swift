import ArgumentParser
import Foundation
import HoldfastJobs
import HoldfastPrograms

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Put a job into a queue; prints its id, or with --wait its result.",
        discussion: """
            Arguments are JSON. The job is RQ's: a worker of ours or 'rq worker -S json' runs it.

            Without a function, a command behind -- is run as it stands by a worker with --allow-commands; its \
            output is the result.

            Examples:
              holdfast enqueue default holdfast.echo '"hello"' --wait
              holdfast enqueue reports tasks.build 2026 --kwargs '{"format": "pdf"}' --id report-2026 --retries 3
              holdfast enqueue mail tasks.remind --in 2h --unique remind-7 --retries 5 --retry-backoff 10s
              holdfast enqueue mail tasks.sum --depends-on report-2026 --or-failed
              holdfast enqueue default --timeout 1h --wait -- pg_dump --format=custom shop
            """)

    @Argument(help: "The queue's name.")
    var queue: String

    @Argument(help: "The function's name, such as package.module.function.")
    var function: String?

    @Argument(help: ArgumentHelp("The positional arguments, each as JSON.", valueName: "json"))
    var arguments: [String] = []

    /// What stands behind `--`, as a JSON array; see ``marking(_:)``.
    @Option(help: .hidden)
    var behindTerminator: String?

    @Option(help: ArgumentHelp("The arguments by name, as a JSON object.", valueName: "json"))
    var kwargs: String?

    @OptionGroup var enqueue: EnqueueOptions
    @OptionGroup var limits: LimitOptions

    @Flag(help: "Wait for the result and print it; exit status 1 if the job fails.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
    var patience = SpanArgument(.seconds(60))

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    /// The parser does not tell what stood before a `--` and what behind it. Here that makes the difference between a
    /// function's arguments and a command.
    static func marking(_ arguments: [String]) -> [String] {
        guard arguments.first == configuration.commandName, let end = arguments.firstIndex(of: "--"),
            let words = try? JSONEncoder().encode(Array(arguments[(end + 1)...]))
        else { return arguments }
        return arguments[..<end] + ["--behind-terminator", String(decoding: words, as: UTF8.self)]
    }

    private var wordsBehind: [String] {
        behindTerminator.flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
    }

    func validate() throws {
        if function == nil, wordsBehind.isEmpty {
            throw ValidationError("Give a function, or a command behind --.")
        }
    }

    private func payload() throws -> JobPayload {
        if let function {
            // Behind -- a negative number is not taken for an option.
            return try JobPayload(
                function: function, argumentsJSON: arguments + wordsBehind, keywordsJSON: kwargs)
        }
        guard kwargs == nil else { throw CommandFailure("a command takes no --kwargs", code: .usage) }
        return try JobPayload(function: CommandJob.function, arguments: wordsBehind)
    }

    func run() async throws {
        let payload = try payload()
        var options = try enqueue.options()
        options.limit = limits.value
        let job = NewJob(payload, options: options)
        let name = try QueueName(queue)
        try await connection.withJobsClient { client in
            let queue = Queue(name, client: client)
            let id = try await queue.enqueue([job])[0]
            guard wait else {
                if output.json { return try Output.standard.json(OutcomeReport(id: id.text, queue: name.text)) }
                return try Output.standard.line(id.text)
            }
            let result = try await queue.wait(for: id, patience: patience.duration)
            try OutcomeReport(result, queue: name).show(output)
        }
    }
}
