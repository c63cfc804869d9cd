import HoldfastJobs
import HoldfastRuntime

/// The functions that `holdfast worker` runs.
enum BuiltInFunctions {
    /// Those that need nothing but their arguments: what a new installation is tried out with.
    static func registry() -> HandlerRegistry {
        var handlers = HandlerRegistry()
        handlers.register(Echo())
        handlers.register(Sleep())
        return handlers
    }
}

/// Answers its argument.
private struct Echo: JobHandler {
    struct Arguments: Decodable { let text: String }

    static let function = "holdfast.echo"

    func run(_ arguments: Arguments, in context: JobContext) async throws -> String { arguments.text }
}

/// Waits, and answers how long.
private struct Sleep: JobHandler {
    struct Arguments: Decodable { let seconds: Double }

    static let function = "holdfast.sleep"
    static let limit = 86_400.0

    func run(_ arguments: Arguments, in context: JobContext) async throws -> Double {
        guard (0...Self.limit).contains(arguments.seconds) else {
            throw PermanentFailure("\(Self.function) takes 0 to \(Self.limit) seconds, not \(arguments.seconds)")
        }
        try await context.runtime.sleep(for: .seconds(arguments.seconds))
        return arguments.seconds
    }
}
