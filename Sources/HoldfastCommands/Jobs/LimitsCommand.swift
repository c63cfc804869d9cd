import ArgumentParser
import HoldfastJobs
import HoldfastRuntime

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "List the limits by key, and how many jobs hold or await a place.",
        discussion: """
            A limit comes with its jobs ('holdfast enqueue --limit', RQ's rate_limit) and is forgotten with the last.

            Examples:
              holdfast limits
              holdfast limits --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var key: String
        var concurrency: Int
        var intervalSeconds: Double?
        var burst: Int?
        var allowed: Int
        var waiting: Int
    }

    func run() async throws {
        let uses = try await connection.withJobsClient { try await JobAdministration($0).limits() }
        if output.json {
            return try Output.standard.json(
                uses.map {
                    Report(
                        key: $0.limit.key, concurrency: $0.limit.concurrency,
                        intervalSeconds: $0.limit.rate?.interval.seconds, burst: $0.limit.rate?.burst,
                        allowed: $0.allowed, waiting: $0.waiting)
                })
        }
        guard !uses.isEmpty else { return try output.remark("no job has a limit") }
        var table = Table(["KEY", "AT ONCE", "RATE", "BURST", "ALLOWED", "WAITING"])
        for use in uses {
            let isUnbounded = use.limit.concurrency == JobLimit.maximumConcurrency
            table.add([
                "\(use.limit.key)", isUnbounded ? "any" : "\(use.limit.concurrency)",
                Table.Cell(use.limit.rate.map { "one in \($0.interval.seconds) s" } ?? "-"),
                Table.Cell(use.limit.rate.map { "\($0.burst)" } ?? "-"), "\(use.allowed)",
                Table.Cell("\(use.waiting)", use.waiting > 0 ? .yellow : nil),
            ])
        }
        for line in table.lines(Palette(for: .standard)) { try Output.standard.line(line) }
    }
}
