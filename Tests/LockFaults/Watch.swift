/// Watches one operation and every task that it starts, structured or not: tasks inherit it, and whoever keeps one
/// keeps the watch alive. So a watch that is gone proves that no task is left.
public final class Watch: Sendable {
    @TaskLocal static var current: Watch?

    /// What the operation's own tasks did.
    public final class Counts: Sendable {
        /// Timers that may still fire.
        public let liveTimers = Count()
        /// Timers that fired: somebody waited for a span of time.
        public let firedTimers = Count()
        /// Calls of the runtime's sleep.
        public let sleeps = Count()
        /// Readings of the civil clock.
        public let wallReadings = Count()
    }

    let counts = Counts()

    private init() {}

    /// What is left of an operation.
    public struct Traces: Sendable {
        private final class Reference: Sendable {
            weak let watch: Watch?
            init(_ watch: Watch) { self.watch = watch }
        }

        public let counts: Counts
        private let reference: Reference

        fileprivate init(_ watch: Watch) {
            counts = watch.counts
            reference = Reference(watch)
        }

        /// Whether any task of the operation still exists, be it that it has ended and nobody let go of it yet.
        public var hasTasks: Bool { reference.watch != nil }
    }

    /// Runs `body` under a watch of its own.
    public static func over<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async -> (Result<Value, any Error>, Traces) {
        let watch = Watch()
        let traces = Traces(watch)
        let result: Result<Value, any Error> = await $current.withValue(watch) {
            do { return .success(try await body()) } catch { return .failure(error) }
        }
        return (result, traces)
    }
}
