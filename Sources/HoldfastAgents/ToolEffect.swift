/// What calling a tool twice does, declared by its author. The loop decides by it what runs in parallel, and what
/// happens when a call ends without an answer.
public enum ToolEffect: Sendable, Hashable {
    /// What to do when it is not known whether an unprotected call took effect.
    public enum UnknownPolicy: Sendable, Hashable {
        /// Stop the run; a human looks.
        case askHuman
        /// Stop the run as failed.
        case fail
        /// Call again, at the risk of a second effect.
        case `repeat`
    }

    /// Changes nothing: free to repeat.
    case pure
    /// Repeating with the same idempotency key changes nothing more.
    case idempotent
    /// Commits through these fenced resources under its idempotency key; calls run one after the other.
    case fenced(resources: [String])
    /// Nothing protects the effect; calls run one after the other.
    case unprotected(onUnknown: UnknownPolicy)

    /// Whether calls may run at the same time as their neighbours.
    var isConcurrent: Bool { self == .pure || self == .idempotent }

    /// Whether a call whose outcome is unknown may be repeated under the same key.
    var isRepeatable: Bool {
        switch self {
        case .pure, .idempotent, .fenced, .unprotected(.repeat): true
        case .unprotected(.askHuman), .unprotected(.fail): false
        }
    }
}
