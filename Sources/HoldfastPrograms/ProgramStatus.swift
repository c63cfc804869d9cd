import HoldfastJobs
import HoldfastProcess

/// What the end of a program means for its job.
public enum ProgramStatus {
    /// `EX_DATAERR` of sysexits.h: the job can never succeed, whatever retries it has left.
    public static let never: Int32 = 65
    /// `EX_TEMPFAIL`: run the job again after ``pause``, without spending a retry.
    public static let later: Int32 = 75
    /// How long a job is put off by ``later``.
    public static let pause: Duration = .seconds(30)

    /// - Throws: The failure that an end other than exit status 0 means, with the end of what the program wrote to
    ///   standard error.
    static func judge(_ ending: ProgramRun.Ending, of program: String) throws {
        if ending.status.isSuccess { return }
        let reason = failure(ending, of: program)
        switch ending.status {
        case .exited(never): throw PermanentFailure(reason)
        case .exited(later): throw RetryLater(after: pause, reason)
        default: throw ProgramFailure(description: reason)
        }
    }

    private static func failure(_ ending: ProgramRun.Ending, of program: String) -> String {
        let end: String
        switch ending.status {
        case .exited(let code): end = "ended with exit status \(code)"
        case .signalled: end = "was \(ending.status)"
        }
        var text = String(decoding: ending.error.bytes, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        if text.isEmpty { return "the program \(program) \(end), and said nothing on standard error" }
        return "the program \(program) \(end):\n\(ending.error.isCut ? "…" : "")\(text)"
    }
}

/// A program's end that fails this execution; the job is tried again if it has retries left.
public struct ProgramFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}
