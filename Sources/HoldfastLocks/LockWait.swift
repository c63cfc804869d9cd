/// How long to try for a lock that is held or unavailable.
public enum LockWait: Sendable, Hashable {
    /// One attempt.
    case none
    case upTo(Duration)
    case forever
}
