import HoldfastJobs
import HoldfastRuntime

/// The functions that `holdfast worker` runs.
enum BuiltInFunctions {
    /// Those that need nothing but their arguments: what a new installation is tried out with.
    static func registry() -> HandlerRegistry {
        var handlers = HandlerRegistry()
        handlers.register(Echo.self)
        handlers.register(Sleep.self)
        return handlers
    }
}

/// Answers its argument.
private struct Echo: Job {
    static let name = "holdfast.echo"

    let text: String

    func perform(_ context: JobContext) async throws -> String { text }
}

/// Waits, and answers how long.
private struct Sleep: Job {
    static let name = "holdfast.sleep"
    static let limit = 86_400.0

    let seconds: Double

    func perform(_ context: JobContext) async throws -> Double {
        guard (0...Self.limit).contains(seconds) else {
            throw PermanentFailure("\(Self.name) takes 0 to \(Self.limit) seconds, not \(seconds)")
        }
        try await context.runtime.sleep(for: .seconds(seconds))
        return seconds
    }
}
