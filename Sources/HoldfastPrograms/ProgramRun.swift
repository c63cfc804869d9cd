import HoldfastProcess
import HoldfastRuntime

/// One run of a program for a job, from its start until nothing of its process group is left.
struct ProgramRun: Sendable {
    var command: Command
    /// For its standard input. A program need not read it.
    var input: [UInt8]
    var output: OutputCollector
    /// After SIGTERM, before SIGKILL.
    var killAfter: Duration
    let guardian: GroupGuard
    let runtime: any Runtime

    static let errorTail = 16 << 10
    /// How long a stream may stay open after the end of the group: somebody who left the group holds it.
    private static let patience: Duration = .seconds(1)

    struct Ending: Sendable {
        var status: ExitStatus
        var output: OutputCollector.Text
        var error: OutputCollector.Text
    }

    private enum Happening: Sendable {
        case output(OutputCollector.Text)
        case error(OutputCollector.Text)
        case ended(ExitStatus)
        case nothing
    }

    /// - Throws: `ProcessError` when it cannot be started or writes too much; `CancellationError` when the task was
    ///   cancelled, after the program was asked to end (SIGTERM), ended by force if need be, and collected.
    func run() async throws -> Ending {
        var command = command
        (command.input, command.output, command.error) = (.pipe, .pipe, .pipe)
        command.grouping = .ownGroup
        command.keepsGroup = true
        let child = try await ChildProcess.start(command)
        let ending: Result<Ending, any Error>
        do {
            try await guardian.protect(child)
            ending = .success(try await attend(child))
        } catch {
            // Only a cancelled program is asked: one that writes without end does not listen, and must not go on.
            let asked = error is CancellationError
            await child.terminateGroup(grace: asked ? killAfter : .zero, runtime: runtime)
            ending = .failure(error)
        }
        await guardian.release(child)
        child.releaseGroup()
        return try ending.get()
    }

    private func attend(_ child: ChildProcess) async throws -> Ending {
        guard let standardInput = child.input, let standardOutput = child.output, let standardError = child.error else {
            preconditionFailure("three pipes were asked for")
        }
        defer {
            standardOutput.close()
            standardError.close()
        }
        return try await withThrowingTaskGroup(of: Happening.self) { group in
            group.addTask {
                defer { standardInput.close() }
                // A program that ends or closes its input without reading all of it is within its rights.
                do { try await standardInput.write(input) } catch ProcessError.closedPipe {}
                return .nothing
            }
            group.addTask { .output(try await output.read(standardOutput)) }
            group.addTask { .error(try await OutputCollector.tail(limit: Self.errorTail).read(standardError)) }
            group.addTask { .ended(try await child.waitUnlessCancelled()) }
            var (status, written, complaint): (ExitStatus?, OutputCollector.Text?, OutputCollector.Text?)
            while let happening = try await group.next() {
                switch happening {
                case .nothing: continue
                case .output(let text): written = text
                case .error(let text): complaint = text
                case .ended(let ended):
                    status = ended
                    // What it left behind in its group holds the streams, and was to die with it.
                    await child.terminateGroup(grace: .zero, runtime: runtime)
                    standardInput.close()
                    group.addTask {
                        try await runtime.sleep(for: Self.patience)
                        standardOutput.close()
                        standardError.close()
                        return .nothing
                    }
                }
                if let status, let written, let complaint {
                    group.cancelAll()
                    return Ending(status: status, output: written, error: complaint)
                }
            }
            preconditionFailure("a program has an end and two streams")
        }
    }
}
