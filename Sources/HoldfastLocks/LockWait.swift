import HoldfastRuntime

/// How long to try for a lock that is held or unavailable.
public enum LockWait: Sendable, Hashable {
    /// One attempt.
    case none
    case upTo(Duration)
    case forever

    /// What is left of it; nil when there is no limit.
    func remaining(since began: Instant, now: Instant) -> Duration? {
        switch self {
        case .none: .zero
        case .forever: nil
        case .upTo(let limit): limit - began.duration(to: now)
        }
    }
}
