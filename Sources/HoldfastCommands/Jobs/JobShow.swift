import ArgumentParser
import HoldfastJobs
import HoldfastRuntime

struct JobShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show all that is known of a job.",
        discussion: """
            Examples:
              holdfast job show report-2026
              holdfast job show report-2026 --json
            """)

    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try JobID(id)
        let details = try await connection.withJobsClient { try await JobAdministration($0).details(of: id) }
        let report = JobReport(details)
        if output.json { return try Output.standard.json(report) }
        let rows = report.rows
        let width = rows.map(\.0.count).max() ?? 0
        let palette = Palette(for: .standard)
        for (name, value) in rows {
            let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
            let padding = String(repeating: " ", count: width - name.count)
            for (index, line) in lines.enumerated() {
                let head = index == 0 ? Style.bold(name, palette) + padding : String(repeating: " ", count: width)
                try Output.standard.line("\(head)  \(line)")
            }
        }
    }
}

/// A job for `job show`.
struct JobReport: Encodable {
    var id: String
    var queue: String
    var status: String
    var description: String
    /// `[function, null, arguments, keywords]` in JSON, as text; nil if it is not JSON.
    var call: String?
    var position: Int?
    var created: String?
    var enqueued: String?
    var started: String?
    var ended: String?
    var worker: String?
    var executions: Int
    var crashes: Int
    var token: Int64
    var retriesLeft: Int?
    var timeoutSeconds: Double?
    var expiresInSeconds: Double?
    var dependencies: [String]
    var dependents: [String]
    var meta: String?
    var result: String?
    var failure: String?

    /// What is shown of a long text to people.
    private static let glimpse = 2000

    init(_ details: JobDetails) {
        let job = details.job
        id = job.id.text
        queue = job.queue.text
        status = job.status.rawValue
        description = job.description
        call = (try? job.payload()).map { String(decoding: $0.json, as: UTF8.self) }
        position = details.position
        created = job.createdAt?.text
        enqueued = job.enqueuedAt?.text
        started = job.startedAt?.text
        ended = job.endedAt?.text
        worker = job.workerName.isEmpty ? nil : job.workerName
        executions = job.executions
        crashes = job.crashes
        token = job.token
        retriesLeft = job.retriesLeft
        timeoutSeconds = job.timeout.map(\.seconds)
        expiresInSeconds = details.expiresIn.map(\.seconds)
        dependencies = details.dependencies.map(\.text)
        dependents = details.dependents.map(\.text)
        meta = job.meta.isEmpty ? nil : String(decoding: job.meta, as: UTF8.self)
        result = details.result?.returnValue.map { String(decoding: $0, as: UTF8.self) }
        failure = details.result?.failure
    }

    /// Names and values, without what there is nothing to say about.
    var rows: [(String, String)] {
        let all: [(String, String?)] = [
            ("id", id), ("queue", queue), ("status", status),
            ("place", position.map { $0 == 0 ? "next" : "\($0) before it" }), ("call", description),
            ("created", created), ("enqueued", enqueued), ("started", started), ("ended", ended), ("worker", worker),
            ("executions", executions > 0 ? "\(executions)" : nil), ("crashes", crashes > 0 ? "\(crashes)" : nil),
            ("retries left", retriesLeft.map { "\($0)" }),
            ("time limit", timeoutSeconds.map { Duration.seconds($0).brief } ?? "none"),
            ("expires in", expiresInSeconds.map { Duration.seconds($0).brief }),
            ("waits for", dependencies.isEmpty ? nil : dependencies.joined(separator: " ")),
            ("awaited by", dependents.isEmpty ? nil : dependents.joined(separator: " ")), ("meta", meta),
            ("result", result), ("failure", failure),
        ]
        return all.compactMap { name, value in
            guard let value, !value.isEmpty else { return nil }
            return (name, value.count > Self.glimpse ? value.prefix(Self.glimpse) + "…" : value)
        }
    }
}
