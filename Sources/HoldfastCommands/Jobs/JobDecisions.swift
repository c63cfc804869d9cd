import ArgumentParser
import HoldfastJobs

/// Several jobs, each dealt with by itself; the first that cannot be ends the command.
private struct Targets: ParsableArguments {
    @Argument(help: "The jobs' ids.")
    var ids: [String]

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var id: String
        var done: String
        /// Jobs that waited for it: enqueued now, and still waiting.
        var dependents: JobAdministration.Dependents?
    }

    /// - Parameter done: The past participle for the line that is printed.
    func each(
        _ done: String, _ body: (JobAdministration, JobID) async throws -> JobAdministration.Dependents?
    ) async throws {
        let ids = try ids.map { try JobID($0) }
        try await connection.withJobsClient { client in
            for id in ids {
                let dependents = try await body(JobAdministration(client), id)
                if output.json {
                    try Output.standard.jsonLine(Report(id: id.text, done: done, dependents: dependents))
                } else if !output.quiet {
                    try Output.standard.line("\(id) \(done)\(Self.text(dependents))")
                }
            }
        }
    }

    private static func text(_ dependents: JobAdministration.Dependents?) -> String {
        guard let dependents else { return "" }
        let enqueued = dependents.enqueued > 0 ? "; \(dependents.enqueued) that waited for it enqueued" : ""
        let waiting = dependents.waiting > 0 ? "; \(dependents.waiting) that wait for it stay deferred" : ""
        return enqueued + waiting
    }
}

struct JobCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Keep a waiting job from ever running; its record stays.",
        discussion: """
            A job that runs is not canceled: stop it. Jobs that wait for it stay deferred, as with RQ, unless \
            --enqueue-dependents lets them go on as if it had finished.

            Examples:
              holdfast job cancel report-2026
              holdfast job cancel import-1 import-2 --enqueue-dependents
            """)

    @OptionGroup fileprivate var targets: Targets

    @Flag(help: "Let the jobs that wait for it go on as if it had finished.")
    var enqueueDependents = false

    func run() async throws {
        try await targets.each("canceled") { try await $0.cancel($1, enqueueDependents: enqueueDependents) }
    }
}

struct JobStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End a running job for good, whatever retries it has left.",
        discussion: """
            With a worker of ours the end is recorded at once, as RQ does it (status stopped, listed with the failed \
            jobs), and nothing that the job still says is accepted. The worker cancels the handler, or ends the \
            program, when it hears of it: at once, or at its next renewal. A Python worker is asked.

            Examples:
              holdfast job stop report-2026
            """)

    @OptionGroup fileprivate var targets: Targets

    func run() async throws {
        try await targets.each("stopped") {
            try await $0.stop($1)
            return nil
        }
    }
}

struct JobRequeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue", abstract: "Put failed or stopped jobs into their queues again.",
        discussion: """
            RQ's rules: the retries that were spent stay spent. For all of a queue: 'holdfast failed requeue'.

            Examples:
              holdfast job requeue report-2026 --at-front
            """)

    @OptionGroup fileprivate var targets: Targets

    @Flag(help: "Put them before the jobs that wait.")
    var atFront = false

    func run() async throws {
        try await targets.each("requeued") {
            try await $0.requeue($1, atFront: atFront)
            return nil
        }
    }
}

struct JobDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete jobs, their results and their places in every list.",
        discussion: """
            Jobs that wait for it stay deferred, as with RQ, unless --enqueue-dependents lets them go on as if it had \
            finished.

            Examples:
              holdfast job delete report-2026
              holdfast job delete report-2026 --running
            """)

    @OptionGroup fileprivate var targets: Targets

    @Flag(help: "Also while it runs: its worker then drops the outcome.")
    var running = false

    @Flag(help: "Let the jobs that wait for it go on as if it had finished.")
    var enqueueDependents = false

    func run() async throws {
        try await targets.each("deleted") {
            try await $0.delete($1, evenIfRunning: running, enqueueDependents: enqueueDependents)
        }
    }
}
