import HoldfastRedis
import HoldfastRuntime

/// How an execution ended: what the completion records of it. A new ending is a case here and a function of its kind in
/// ``JobScripts/complete``.
enum Outcome: Sendable, Hashable {
    /// The handler returned, with JSON or (Python's `None`) nothing.
    case success([UInt8]?)
    case failure(reason: String, retry: RetryRule)
    /// The handler put its job off, at most so often; see ``RetryLater``.
    case later(reason: String, pause: Duration, maximum: Int)
    /// Given back, without spending a retry. `begun` says whether its handler had been called.
    case unfinished(begun: Bool)

    enum RetryRule: Sendable, Hashable {
        /// RQ's: `retries_left` and `retry_intervals` of the job decide.
        case policy
        case never
    }

    /// What the script takes as kind, value and rule.
    /// - Parameter chance: What a policy with jitter takes for its pause, in `0..<1`.
    func arguments(chance: Double) -> (kind: RedisArgument, value: RedisArgument, rule: RedisArgument) {
        switch self {
        case .success(let json): ("value", json.map { RedisArgument(Base64.encode($0)) } ?? "", "")
        case .failure(let reason, .policy): ("failure", Self.encode(reason), RedisArgument(chance))
        case .failure(let reason, .never): ("failure", Self.encode(reason), "never")
        case .later(let reason, let pause, let maximum):
            ("later", Self.encode(reason), "\(Double(pause.nanoseconds) / 1e9) \(maximum)")
        case .unfinished(let begun): ("return", begun ? 1 : 0, "")
        }
    }

    /// What it carries, before it is encoded.
    var bytes: Int {
        switch self {
        case .success(let json): json?.count ?? 0
        case .failure(let reason, _), .later(let reason, _, _): reason.utf8.count
        case .unfinished: 0
        }
    }

    private static func encode(_ reason: String) -> RedisArgument { RedisArgument(JobResult.encode(failure: reason)) }
}

/// An outcome on its way to the server.
struct Completion: Sendable {
    let execution: Execution
    let outcome: Outcome
    /// When it was begun, by the server's clock: the time of the claim and what passed here since.
    let begunAt: WallTime
    let span: Duration
    let endedAt: Instant
    /// Whether observers know its end already: that its lease was over.
    var isTold = false

    /// Its part of the script's arguments.
    var arguments: [RedisArgument] {
        let (kind, value, rule) = outcome.arguments(chance: execution.chance)
        return execution.address + [
            RedisArgument(RQTime.seconds(begunAt)), RedisArgument(span.seconds), kind, value, rule,
            RedisArgument(execution.keep),
        ]
    }

    /// The same in a section of successes.
    var plainArguments: [RedisArgument] {
        execution.address.dropFirst() + [
            RedisArgument(RQTime.seconds(begunAt)), outcome.arguments(chance: 0).value,
        ]
    }
}
