import ArgumentParser
import HoldfastJobs

struct CronSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Define an entry, or change the one of its name.",
        discussion: """
            The schedule is crontab's: minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, \
            @monthly, @yearly. Where a day of month and a day of week are given, either suffices. At the hour that a \
            zone's summer time leaves out it runs right after it.

            Nothing is enqueued unless 'holdfast cron run' runs somewhere.

            Examples:
              holdfast cron set nightly '0 3 * * *' reports tasks.build --zone Europe/Berlin
              holdfast cron set ping '*/5 * * * *' default tasks.ping '"https://example.org"'
            """)

    @Argument(help: "The entry's name.")
    var name: String

    @Argument(help: ArgumentHelp("When, in crontab's five fields.", valueName: "schedule"))
    var schedule: String

    @Argument(help: "The queue's name.")
    var queue: String

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: ArgumentHelp("The positional arguments, each as JSON.", valueName: "json"))
    var arguments: [String] = []

    @Option(help: ArgumentHelp("The arguments by name, as a JSON object.", valueName: "json"))
    var kwargs: String?

    @Option(help: ArgumentHelp("The time zone of the schedule.", valueName: "zone"))
    var zone = "UTC"

    @Option(help: ArgumentHelp("The time one execution may take; 0 for any.", valueName: "time"))
    var timeout = SpanArgument(.seconds(180))

    @Option(help: ArgumentHelp("How often to try again after a failure.", valueName: "count"))
    var retries = 0

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if retries < 0 { throw ValidationError("--retries must not be negative.") }
    }

    func run() async throws {
        var options = JobOptions(timeout: timeout.duration > .zero ? timeout.duration : nil)
        if retries > 0 { options.retry = RetryPolicy(maximum: retries) }
        let payload = try JobPayload(function: function, argumentsJSON: arguments, keywordsJSON: kwargs)
        let entry = try CronEntry(
            name, try CronSchedule(schedule, zone: zone), queue: try QueueName(queue), NewJob(payload, options: options)
        )
        try await connection.withJobsClient { try await CronTable(client: $0).define(entry) }
        try output.remark("\(name): \(entry.schedule)")
    }
}
