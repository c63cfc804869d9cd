import ArgumentParser
import HoldfastJobs

struct JobWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait for a job's end and print its result.",
        discussion: """
            Exit status: 0 it finished, 1 it failed or there is no such job, 75 it did not end in time.

            Examples:
              holdfast job wait report-2026 --patience 10m
            """)

    @Argument(help: "The job's id.")
    var id: String

    @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
    var patience = SpanArgument(.seconds(60))

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try JobID(id)
        try await connection.withJobsClient { client in
            let queue = try await JobAdministration(client).details(of: id).job.queue
            let result = try await Queue(queue, client: client).wait(for: id, patience: patience.duration)
            try OutcomeReport(result, queue: queue).show(output)
        }
    }
}
