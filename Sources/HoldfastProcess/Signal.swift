import Glibc

/// A signal by its number.
public struct Signal: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Asks to end.
    public static let terminate = Signal(rawValue: SIGTERM)
    /// Ends at once; cannot be handled.
    public static let kill = Signal(rawValue: SIGKILL)
    /// What a terminal sends for control-C.
    public static let interrupt = Signal(rawValue: SIGINT)
    /// What a terminal sends when it goes away.
    public static let hangUp = Signal(rawValue: SIGHUP)
    /// Suspends; cannot be handled.
    public static let stop = Signal(rawValue: SIGSTOP)
    /// Resumes after `stop`.
    public static let resume = Signal(rawValue: SIGCONT)

    public var description: String {
        switch rawValue {
        case SIGTERM: "SIGTERM"
        case SIGKILL: "SIGKILL"
        case SIGINT: "SIGINT"
        case SIGSTOP: "SIGSTOP"
        case SIGCONT: "SIGCONT"
        case SIGHUP: "SIGHUP"
        case SIGSEGV: "SIGSEGV"
        case SIGABRT: "SIGABRT"
        case SIGPIPE: "SIGPIPE"
        case SIGILL: "SIGILL"
        case SIGBUS: "SIGBUS"
        case SIGTRAP: "SIGTRAP"
        default: "signal \(rawValue)"
        }
    }
}
