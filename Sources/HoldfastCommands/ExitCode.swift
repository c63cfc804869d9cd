/// The exit status of the command line.
struct ExitCode: RawRepresentable, Sendable, Hashable {
    let rawValue: Int32

    init(rawValue: Int32) { self.rawValue = rawValue }

    /// All is well.
    static let ok = ExitCode(rawValue: 0)
    /// An operation or a guarantee failed.
    static let failed = ExitCode(rawValue: 1)
    /// The command line is wrong.
    static let usage = ExitCode(rawValue: 2)
    /// A server or a program that is needed is not there (EX_UNAVAILABLE of sysexits.h).
    static let unavailable = ExitCode(rawValue: 69)
    /// A lock is held by another, or it is too early (EX_TEMPFAIL of sysexits.h): trying again later may succeed.
    static let notAcquired = ExitCode(rawValue: 75)
    /// A lease was lost while the work that it protected ran.
    static let lost = ExitCode(rawValue: 76)
    /// As shells say it: there is such a file, but it cannot be executed.
    static let notExecutable = ExitCode(rawValue: 126)
    /// As shells say it: there is no such command.
    static let commandNotFound = ExitCode(rawValue: 127)
    /// Ended by SIGINT or SIGTERM.
    static let interrupted = ExitCode(rawValue: 130)
}
