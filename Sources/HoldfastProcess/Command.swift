/// What to run and how.
public struct Command: Sendable, Hashable {
    /// What a standard stream of the child is connected to.
    public enum Stream: Sendable, Hashable {
        /// Nothing: reads end at once, writes vanish.
        case null
        /// The same as the parent's.
        case inherit
        /// A file, opened for reading (standard input) or for appending, created with mode 0600 when missing.
        case file(String)
        /// A pipe to the parent: `ChildProcess.input`, `.output`, `.error`.
        case pipe
    }

    /// Which signals of a terminal or of a group reach the child.
    public enum Grouping: Sendable, Hashable {
        /// The parent's group: control-C reaches the child too.
        case shared
        /// A group of its own, which `ChildProcess.killGroup` ends as a whole.
        case ownGroup
        /// A session of its own, away from any terminal: for what outlives the parent.
        case ownSession
    }

    /// The variables of the child.
    public enum Environment: Sendable, Hashable {
        case inherit
        /// The parent's with these on top.
        case inheritAnd([String: String])
        /// The same without those that the child is not to know.
        case inheritBut(Set<String>, [String: String])
        case only([String: String])
    }

    /// A name to look for in PATH, or a path if it contains a slash.
    public var executable: String
    /// Without the executable's own name.
    public var arguments: [String]
    public var environment: Environment = .inherit
    /// Nil: the parent's working directory.
    public var directory: String?
    public var input: Stream = .null
    public var output: Stream = .inherit
    public var error: Stream = .inherit
    public var grouping: Grouping = .shared
    /// The numbers of the child and of its group stay taken after its end, until `ChildProcess.releaseGroup()`, so that
    /// `killGroup` also reaches what it left behind in its group.
    public var keepsGroup = false
    /// SIGKILL reaches the child as soon as this process ends, however it ends.
    public var diesWithParent = true

    public init(_ executable: String, _ arguments: [String] = []) {
        self.executable = executable
        self.arguments = arguments
    }
}
