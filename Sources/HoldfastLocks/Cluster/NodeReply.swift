import HoldfastRedis

/// One node's part in a round.
enum NodeReply: Sendable {
    /// The two integers that a lock script returns; one alone is the value, with the code 1.
    case answer(code: Int64, value: Int64)
    /// The node's record has not been checked on this connection, or forbids to use it.
    case notVoting
    case error(RedisError)

    /// What anything but the expected codes means.
    var refusal: NodeOutcome {
        switch self {
        case .answer(0, let left): .held(remaining: Self.span(left))
        case .answer(-3, let left): .heldByReaders(remaining: Self.span(left))
        case .answer(-4, let left): .writerWaits(remaining: Self.span(left))
        case .answer(-1, _), .notVoting: .notAdmitted
        case .answer(-2, let maximum):
            .failed(RedisError(.server, .answered, "the cluster's maximum TTL is \(maximum) ms"))
        case .answer(let code, _): .failed(RedisError(.unexpectedReply, .answered, "unknown answer \(code)"))
        case .error(let error):
            switch error.code {
            case .server, .unexpectedReply: .failed(error)
            case .timedOut,
                .disconnected where error.outcome == .outcomeUnknown:
                .noAnswer
            default: .unreachable(error)
            }
        }
    }

    /// What a lock script answered: an integer, a pair of them, or an error.
    /// - Parameter server: Named in errors.
    init(_ cursor: ReplyCursor, server: @autoclosure () -> String) {
        switch cursor.kind {
        case .integer: self = .answer(code: 1, value: cursor.value)
        case .error: self = .error(RedisError(.server, .answered, cursor.text, server: server()))
        default:
            if let code = cursor.scalar(at: 0), let value = cursor.scalar(at: 1), code.kind == .integer {
                self = .answer(code: code.value, value: value.value)
            } else {
                let text = "not the script's reply: \(cursor.materialized())"
                self = .error(RedisError(.unexpectedReply, .answered, text, server: server()))
            }
        }
    }

    /// Whether the node itself said it.
    var isFromNode: Bool {
        switch self {
        case .answer: true
        case .notVoting: false
        case .error(let error): error.outcome == .answered
        }
    }

    private static func span(_ milliseconds: Int64) -> Duration? {
        milliseconds >= 0 ? .milliseconds(milliseconds) : nil
    }
}
