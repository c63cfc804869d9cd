import Glibc

/// Why a process could not be started, signalled or talked to.
public enum ProcessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No executable of that name in the directories of PATH.
    case executableNotFound(String, searched: [String])
    /// There is such a file, but it cannot be executed.
    case notExecutable(path: String, errno: Int32)
    /// The working directory cannot be entered.
    case directory(path: String, errno: Int32)
    /// A file that was to be a standard stream cannot be opened.
    case stream(path: String, errno: Int32)
    /// An argument, a variable or a path contains a NUL, which no process can receive.
    case nulByte(String)
    /// The kernel refused: out of processes, descriptors or memory.
    case system(operation: String, errno: Int32)
    /// The reader of a pipe has gone, or the pipe was closed here.
    case closedPipe
    /// More than `limit` bytes came through a pipe that was read with a bound.
    case tooMuchOutput(limit: Int)

    public var description: String {
        switch self {
        case .executableNotFound(let name, let searched):
            searched.isEmpty
                ? "there is no executable '\(name)'"
                : "there is no executable '\(name)' in PATH (\(searched.joined(separator: ":")))"
        case .notExecutable(let path, let errno):
            "'\(path)' cannot be executed: \(Self.text(errno))"
        case .directory(let path, let errno):
            "the working directory '\(path)' cannot be entered: \(Self.text(errno))"
        case .stream(let path, let errno):
            "'\(path)' cannot be opened as a standard stream: \(Self.text(errno))"
        case .nulByte(let text):
            "a NUL byte cannot be passed to a process: \(text.debugDescription)"
        case .system(let operation, let errno):
            "\(operation) failed: \(Self.text(errno))"
        case .closedPipe:
            "the pipe to the process is closed"
        case .tooMuchOutput(let limit):
            "the process wrote more than the \(limit) bytes that are read from it"
        }
    }

    static func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
}
