import ArgumentParser
import HoldfastJobs

struct CronRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an entry; jobs that it has enqueued stay.",
        discussion: """
            Examples:
              holdfast cron remove nightly
            """)

    @Argument(help: "The entry's name.")
    var name: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let existed = try await connection.withJobsClient { try await CronTable(client: $0).remove(name) }
        guard existed else { throw CommandFailure("there is no entry '\(name)': see 'holdfast cron list'") }
        try output.remark("removed \(name)")
    }
}
