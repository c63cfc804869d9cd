import HoldfastProcess
import HoldfastRuntime

/// When the place of a worker that has ended is filled again: a value, for one place in a pool.
struct RespawnPolicy: Sendable, Hashable {
    enum Decision: Sendable, Hashable {
        case respawn(after: Duration)
        /// Its work is done, or nobody wants it any more.
        case done
        /// It can never work: the command line is wrong.
        case giveUp
    }

    /// The pause before the first respawn; doubled with every further one.
    static let first: Duration = .milliseconds(500)
    static let longest: Duration = .seconds(30)
    /// A worker that has lived this long worked, and what follows is a new trouble.
    static let settled: Duration = .seconds(30)

    private var pause = Self.first

    /// - Parameters:
    ///   - lived: From its start to its end.
    ///   - isEnding: Whether the pool was told to end.
    ///   - burst: Whether workers end by themselves when the queues are empty.
    mutating func decide(_ status: ExitStatus, lived: Duration, isEnding: Bool, burst: Bool) -> Decision {
        if isEnding || (burst && status.isSuccess) { return .done }
        if status == .exited(ExitCode.usage.rawValue) { return .giveUp }
        if lived >= Self.settled { pause = Self.first }
        defer { pause = min(pause * 2, Self.longest) }
        // One that was told to end by somebody else (RQ's shutdown command) did nothing wrong.
        return .respawn(after: status.isSuccess ? .zero : pause)
    }
}
