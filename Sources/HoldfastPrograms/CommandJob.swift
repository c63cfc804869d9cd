public import HoldfastJobs
import HoldfastProcess
import HoldfastRuntime

/// The built-in job that runs a command line: its arguments are the command's words.
public struct CommandJob: Sendable {
    public static let function = "holdfast.command"
    /// The end of what a command writes is its result, at most so many bytes.
    public static let outputBytes = 64 << 10

    /// What a command that succeeded leaves behind.
    struct Report: Encodable, Sendable {
        var status: Int32
        var output: String
        /// Whether only the end of the output is here.
        var truncated: Bool
    }

    let words: [String]
    let killAfter: Duration

    /// Refuses the jobs of ``function`` with a sentence that says what to do; for workers that may not run commands.
    ///
    /// - Precondition: ``function`` has no handler yet.
    public static func registerRefusal(in handlers: inout HandlerRegistry) {
        handlers.register(function) { (_: [String], _: JobContext) in
            throw PermanentFailure(
                "this worker runs no commands: start it with --allow-commands, which lets whoever may write to the "
                    + "queue run anything as the worker's user")
        }
    }

    func run(_ context: JobContext, _ guardian: GroupGuard) async throws -> Report {
        guard let program = words.first, !program.isEmpty else {
            throw PermanentFailure("\(Self.function) takes a command and its arguments")
        }
        var command = Command(program, Array(words.dropFirst()))
        command.environment = .inheritBut(JobVariables.withheld, JobVariables.variables(context))
        let run = ProgramRun(
            command: command, input: [], output: .tail(limit: Self.outputBytes), killAfter: killAfter,
            guardian: guardian, runtime: context.runtime)
        let ending: ProgramRun.Ending
        do { ending = try await run.run() } catch let error as ProcessError {
            switch error {
            case .executableNotFound, .notExecutable, .nulByte: throw PermanentFailure(error.description)
            default: throw error
            }
        }
        try ProgramStatus.judge(ending, of: program)
        return Report(
            status: 0, output: String(decoding: ending.output.bytes, as: UTF8.self), truncated: ending.output.isCut)
    }
}
