import Foundation
public import HoldfastJobs
import HoldfastProcess

/// Runs a program for each job of a function, so that any language can serve a queue.
///
/// - Standard input: `{"args": […], "kwargs": {…}}`, then the end. A program need not read it.
/// - Standard output: the result as JSON; nothing at all means null. At most ``JobPayload/maximumBytes``.
/// - Exit status: 0 success, ``ProgramStatus/never``, anything else a failure; the end of standard error is the
///   failure's text.
/// - Environment: the worker's, and `HOLDFAST_JOB_ID`, `_FUNCTION`, `_QUEUE`, `_EXECUTION`, `_ATTEMPT` (1 for the
///   first), `_CRASHES`, `_TOKEN`, `_IDEMPOTENCY_KEY`, `_DEADLINE` (Unix seconds; not set when the job has no time
///   limit), and `HOLDFAST_WORKER`.
///
/// It runs in a process group of its own. When the time limit passes, the job is stopped, the lease is lost or the
/// worker gives up, the group gets SIGTERM and after ``killAfter`` SIGKILL; what a program leaves behind in its group
/// is killed with its end; and the group dies with the worker.
public struct ProgramHandler: Sendable {
    /// The program and its fixed arguments, in the way of a shell but without one: see ``init(_:)``.
    public let words: [String]
    public var directory: String?
    /// How long a program that is asked to end may take.
    public var killAfter: Duration = .seconds(5)

    /// - Parameter commandLine: Words separated by blanks; quotes and backslashes as in a shell keep blanks in a word.
    ///   Nothing else is special: there are no variables, pipes or wildcards.
    /// - Throws: ``JobsError`` with `invalid` for an empty line or an open quote; `ProcessError` when there is no such
    ///   program.
    public init(_ commandLine: String) throws {
        words = try CommandWords.split(commandLine)
        guard let program = words.first else { throw JobsError(.invalid, "the name of the program is missing") }
        _ = try Executable.find(program)
    }

    func run(_ payload: JobPayload, _ context: JobContext, _ guardian: GroupGuard) async throws -> [UInt8]? {
        let call = try payload.call()
        var command = Command(words[0], Array(words.dropFirst()))
        command.environment = .inheritBut(JobVariables.withheld, JobVariables.variables(context))
        command.directory = directory
        let run = ProgramRun(
            command: command,
            input: Array(#"{"args": "#.utf8) + call.arguments + Array(#", "kwargs": "#.utf8) + call.keywords
                + Array("}\n".utf8),
            output: .whole(limit: JobPayload.maximumBytes), killAfter: killAfter, guardian: guardian,
            runtime: context.runtime)
        let ending: ProgramRun.Ending
        do { ending = try await run.run() } catch ProcessError.tooMuchOutput(let limit) {
            throw PermanentFailure("the program \(words[0]) wrote more than the \(limit) bytes that a result may take")
        }
        try ProgramStatus.judge(ending, of: words[0])
        return try result(ending.output.bytes)
    }

    private func result(_ written: [UInt8]) throws -> [UInt8]? {
        func isBlank(_ byte: UInt8) -> Bool { [9, 10, 13, 32].contains(byte) }
        guard let first = written.firstIndex(where: { !isBlank($0) }),
            let last = written.lastIndex(where: { !isBlank($0) })
        else { return nil }
        let bytes = Array(written[first...last])
        let value: Any
        do {
            value = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        } catch {
            let head = String(decoding: bytes.prefix(80), as: UTF8.self)
            throw PermanentFailure("the program \(words[0]) succeeded, but what it wrote is no JSON: \(head)")
        }
        return value is NSNull ? nil : bytes
    }
}

/// Runs the programs of one worker.
public final class ProgramHandlers: Sendable {
    private let guardian = GroupGuard()

    public init() {}

    /// - Precondition: `function` has no handler yet.
    public func register(_ program: ProgramHandler, for function: String, in handlers: inout HandlerRegistry) {
        handlers.registerForeign(function) { [guardian] payload, context in
            try await program.run(payload, context, guardian)
        }
    }

    /// Lets jobs run any command as this user: whoever may write to the queue may do then what this user may do.
    ///
    /// - Precondition: ``CommandJob/function`` has no handler yet.
    public func registerCommands(in handlers: inout HandlerRegistry, killAfter: Duration = .seconds(5)) {
        handlers.register(CommandJob.function) { [guardian] (words: [String], context: JobContext) in
            try await CommandJob(words: words, killAfter: killAfter).run(context, guardian)
        }
    }
}
