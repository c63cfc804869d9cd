import ArgumentParser
import HoldfastLocks

/// How long to wait for a lock on the command line: a span of time, or `forever`.
struct WaitArgument: ExpressibleByArgument, Sendable, Hashable {
    /// Nil: forever.
    let duration: Duration?

    init?(argument: String) {
        if argument == "forever" {
            duration = nil
        } else if let span = SpanArgument(argument: argument) {
            duration = span.duration
        } else {
            return nil
        }
    }

    /// What is left of it.
    func lockWait(after elapsed: Duration) -> LockWait {
        duration.map { $0 > elapsed ? .upTo($0 - elapsed) : .none } ?? .forever
    }
}
