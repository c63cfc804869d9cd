public import HoldfastRedis

/// Why an operator's admission of a node was refused. Nothing was admitted then.
public enum AdmissionError: Error, Sendable, Hashable {
    /// The call itself is wrong; the sentence says what to change.
    case invalid(String)
    /// The node did not answer, or failed on the way. With an unknown outcome it may have been admitted; repeating the
    /// call does no harm.
    case unreachable(RedisError)
    /// Leases or attempts that the node may have forgotten may still count. Try again when `remaining` has passed.
    case tooEarly(server: String, remaining: Duration)
    /// It must not be admitted so; the sentence says why, and what to do.
    case refused(server: String, String)
    case cancelled
}

extension AdmissionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalid(let sentence): sentence
        case .unreachable(let error): "the node does not answer: \(error)"
        case .tooEarly(let server, let remaining):
            "\(server) may have forgotten leases that still count: try again in \(remaining.roundedUpSeconds) s"
        case .refused(let server, let sentence): "\(server): \(sentence)"
        case .cancelled: "cancelled before the node was admitted"
        }
    }
}

extension Duration {
    var roundedUpSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}
