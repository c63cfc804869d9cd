import ArgumentParser
import Foundation
import HoldfastJobs
import HoldfastRuntime

/// How a job is enqueued, on the command line.
struct EnqueueOptions: ParsableArguments {
    @Option(help: "The job's id; refused while a job of this id waits or runs. Drawn if not given.")
    var id: String?

    @Option(help: ArgumentHelp("Not before this time, ISO 8601 such as 2026-12-24T18:00:00Z.", valueName: "date"))
    var at: String?

    @Option(name: .customLong("in"), help: ArgumentHelp("Not before this has passed.", valueName: "time"))
    var delay: SpanArgument?

    @Option(
        help: ArgumentHelp(
            "At most one live job has this key; refused while there is one, see --adopt.", valueName: "key"))
    var unique: String?

    @Flag(help: "With --unique: answer the live job's id instead of refusing.")
    var adopt = false

    @Option(
        name: .customLong("depends-on"),
        help: ArgumentHelp("Wait until this job has finished; repeatable.", valueName: "id"))
    var dependencies: [String] = []

    @Flag(help: "With --depends-on: also go on when one of them has failed.")
    var orFailed = false

    @Option(help: ArgumentHelp("The time one execution may take; 0 for any.", valueName: "time"))
    var timeout = SpanArgument(.seconds(180))

    @Option(help: ArgumentHelp("How often to try again after a failure.", valueName: "count"))
    var retries = 0

    @Option(
        help: ArgumentHelp(
            "The pause before a retry; repeatable, in their order. At once if not given.", valueName: "time"))
    var retryAfter: [SpanArgument] = []

    @Option(
        help: ArgumentHelp(
            "Pauses that double from this one, at random up to that (full jitter), for an hour at most.",
            valueName: "time"))
    var retryBackoff: SpanArgument?

    @Option(
        name: .customLong("repeat"), help: ArgumentHelp("Run again so often after each success.", valueName: "count"))
    var repeats = 0

    @Option(help: ArgumentHelp("The pause before each repetition.", valueName: "time"))
    var every: SpanArgument?

    @Option(help: ArgumentHelp("Expire when it has waited so long in the queue.", valueName: "time"))
    var ttl: SpanArgument?

    @Option(help: ArgumentHelp("How long the result of a success stays; 500 s if not given.", valueName: "time"))
    var resultTtl: SpanArgument?

    @Option(help: ArgumentHelp("How long the record of a failure stays; a year if not given.", valueName: "time"))
    var failureTtl: SpanArgument?

    @Option(help: ArgumentHelp("Count it in this group.", valueName: "name"))
    var group: String?

    @Option(help: ArgumentHelp("Shown by tools instead of the call.", valueName: "text"))
    var description: String?

    @Flag(help: "Put it before the jobs that wait.")
    var atFront = false

    @OptionGroup var webhook: WebhookArguments

    /// - Throws: `CommandFailure` or `JobsError` for what does not fit together.
    func options() throws -> JobOptions {
        var options = JobOptions()
        options.timeout = timeout.duration > .zero ? timeout.duration : nil
        options.atFront = atFront
        options.description = description
        options.id = try id.map { try JobID($0) }
        options.start = try start()
        options.unique = unique.map { JobOptions.UniqueKey($0, whenLive: adopt ? .adopt : .refuse) }
        options.dependencies = try dependencies.map { try JobID($0) }
        options.toleratesFailedDependencies = orFailed
        options.retry = try retry()
        options.repetition = try repetition()
        options.queueTTL = ttl?.duration
        options.resultTTL = resultTtl.map { .span($0.duration) }
        options.failureTTL = failureTtl.map { .span($0.duration) }
        options.group = try group.map { try GroupName($0) }
        options.webhooks = webhook.webhooks
        return options
    }

    func validate() throws {
        if retries < 0 || repeats < 0 { throw ValidationError("--retries and --repeat must not be negative.") }
        if at != nil, delay != nil { throw ValidationError("Give --at or --in, not both.") }
        if adopt, unique == nil { throw ValidationError("--adopt goes with --unique.") }
        if orFailed, dependencies.isEmpty { throw ValidationError("--or-failed goes with --depends-on.") }
        if every != nil, repeats == 0 { throw ValidationError("--every goes with --repeat.") }
        if retries == 0, !retryAfter.isEmpty || retryBackoff != nil {
            throw ValidationError("--retry-after and --retry-backoff go with --retries.")
        }
        if !retryAfter.isEmpty, retryBackoff != nil {
            throw ValidationError("Give --retry-after or --retry-backoff, not both.")
        }
    }

    private func start() throws -> JobOptions.Start? {
        if let delay { return .after(delay.duration) }
        guard let at else { return nil }
        guard let date = try? Date(at, strategy: .iso8601) else {
            throw CommandFailure(
                "'\(at)' is no time: write it as 2026-12-24T18:00:00Z", code: .usage)
        }
        return .at(WallTime(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded())))
    }

    private func retry() throws -> RetryPolicy? {
        guard retries > 0 else { return nil }
        if let retryBackoff { return .exponential(retries, first: retryBackoff.duration) }
        return RetryPolicy(maximum: retries, intervals: retryAfter.map(\.duration))
    }

    private func repetition() throws -> Repetition? {
        repeats > 0 ? Repetition(times: repeats, intervals: every.map { [$0.duration] } ?? []) : nil
    }
}
