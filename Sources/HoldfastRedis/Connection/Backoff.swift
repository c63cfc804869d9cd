import HoldfastRuntime

/// Exponential back-off with full jitter, as a value.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var limit: Duration

    init(first: Duration, maximum: Duration) {
        self.first = first
        self.maximum = maximum
        limit = first
    }

    mutating func next(_ runtime: some Runtime) -> Duration {
        defer { limit = min(limit * 2, maximum) }
        return runtime.jitter(upTo: limit)
    }

    mutating func reset() { limit = first }
}
