import ArgumentParser
import HoldfastJobs

/// How many jobs of a key may be on at once, on the command line.
struct LimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Limit it with all others of this key: see --limit-concurrency and --limit-rate.", valueName: "key"))
    var limit: String?

    @Option(help: ArgumentHelp("How many jobs of the key may wait in queues or run.", valueName: "count"))
    var limitConcurrency: Int?

    @Option(
        help: ArgumentHelp(
            "How many may come in a time, such as 100/1m. A burst may take all of them at once.", valueName: "rate"))
    var limitRate: RateArgument?

    func validate() throws {
        if limit == nil, limitConcurrency != nil || limitRate != nil {
            throw ValidationError("--limit-concurrency and --limit-rate go with --limit.")
        }
        if limit != nil, limitConcurrency == nil, limitRate == nil {
            throw ValidationError("Give --limit-concurrency or --limit-rate, or both, with --limit.")
        }
    }

    var value: JobLimit? {
        limit.map { JobLimit($0, concurrency: limitConcurrency ?? JobLimit.maximumConcurrency, rate: limitRate?.rate) }
    }
}

/// `100/1m`: a count and a span of time.
struct RateArgument: ExpressibleByArgument, Sendable {
    let rate: JobLimit.Rate

    init?(argument: String) {
        let halves = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, let count = Int(halves[0]), count > 0, let span = SpanArgument(argument: halves[1]),
            span.duration > .zero
        else { return nil }
        rate = JobLimit.Rate(count, per: span.duration)
    }
}
