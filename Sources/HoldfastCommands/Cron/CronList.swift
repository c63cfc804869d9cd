import ArgumentParser
import HoldfastJobs

struct CronList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the entries with the time when each is due next.",
        discussion: """
            Examples:
              holdfast cron list
              holdfast cron list --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var name: String
        var schedule: String
        var zone: String
        var queue: String
        var job: String
        var due: String?
        var lastEnqueued: String?
    }

    func run() async throws {
        let entries = try await connection.withJobsClient { try await CronTable(client: $0).entries() }
        if output.json {
            return try Output.standard.json(
                entries.map {
                    Report(
                        name: $0.name, schedule: $0.schedule.description, zone: $0.schedule.zone, queue: $0.queue.text,
                        job: $0.job, due: $0.due?.text, lastEnqueued: $0.lastEnqueued?.text)
                })
        }
        guard !entries.isEmpty else { return try output.remark("no entries; define one with 'holdfast cron set'") }
        var table = Table(["NAME", "SCHEDULE", "QUEUE", "CALL", "LAST", "NEXT"])
        for entry in entries {
            table.add([
                "\(entry.name)", "\(entry.schedule.description)", "\(entry.queue.text)",
                Table.Cell(String(entry.job.prefix(60))),
                Table.Cell(entry.lastEnqueued.map { String($0.text.prefix(19)) } ?? "-"),
                Table.Cell(entry.due.map { String($0.text.prefix(19)) } ?? "never", entry.due == nil ? .yellow : nil),
            ])
        }
        for line in table.lines(Palette(for: .standard)) { try Output.standard.line(line) }
    }
}
