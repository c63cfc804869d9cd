import HoldfastRuntime

/// Exponential back-off with full jitter, as a value.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var limit: Duration

    init(first: Duration, maximum: Duration) {
        // Zero would mean to try again without any pause, for ever.
        self.first = max(.milliseconds(1), first)
        self.maximum = max(self.first, maximum)
        limit = self.first
    }

    mutating func next(_ runtime: some Runtime) -> Duration {
        defer { limit = min(limit * 2, maximum) }
        return runtime.jitter(upTo: limit)
    }

    mutating func reset() { limit = first }
}
