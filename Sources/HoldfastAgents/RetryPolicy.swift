internal import HoldfastRuntime

/// How often and how late something is tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries in all, the first included.
    public var attempts: Int
    /// The wait after the first failure is drawn from zero to this ("full jitter"); it doubles with every failure.
    public var base: Duration
    public var longest: Duration
    /// The most that a server's Retry-After can make us wait.
    public var longestRetryAfter: Duration

    public init(
        attempts: Int = 5, base: Duration = .milliseconds(500), longest: Duration = .seconds(30),
        longestRetryAfter: Duration = .seconds(60)
    ) {
        self.attempts = max(1, attempts)
        self.base = base
        self.longest = longest
        self.longestRetryAfter = longestRetryAfter
    }

    /// The wait after failure number `failure`, from 1.
    func pause(after failure: Int, runtime: any Runtime) -> Duration {
        var limit = base
        for _ in 1..<max(1, min(failure, 40)) where limit < longest { limit *= 2 }
        return runtime.jitter(upTo: min(limit, longest))
    }
}
