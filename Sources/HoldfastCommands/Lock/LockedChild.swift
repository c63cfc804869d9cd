import Foundation
import HoldfastLocks
import HoldfastProcess
import HoldfastRuntime

/// A command that runs while a lock is held.
struct LockedChild: Sendable {
    var command: [String]
    /// How long the child may take to end after SIGTERM.
    var killAfter: Duration

    /// In a group of its own all that the child starts can be ended with it. But only the terminal's foreground group
    /// may read from it: a child that reads the terminal stays in our group, which then cannot be ended as a whole.
    private let sharesTerminal = isatty(STDIN_FILENO) == 1

    init(_ command: [String], killAfter: Duration) {
        self.command = command
        self.killAfter = killAfter
    }

    /// Runs the command to its end, and hands signals on to it. When the task is cancelled, because the lease is lost
    /// or a signal came before the child, the child is asked to end and then ended.
    ///
    /// - Throws: `ProcessError` when it cannot be started, `CancellationError` when it was ended early.
    func run(_ lease: Lease) async throws -> HoldfastProcess.ExitStatus {
        var wanted = Command(command[0], Array(command.dropFirst()))
        wanted.input = .inherit
        wanted.environment = .inheritAnd([
            "HOLDFAST_LOCK_NAME": lease.name.text, "HOLDFAST_LOCK_TOKEN": "\(lease.token)",
            "HOLDFAST_LOCK_OWNER": lease.owner, "HOLDFAST_LOCK_TTL": Self.seconds(lease.ttl),
        ])
        wanted.grouping = sharesTerminal ? .shared : .ownGroup
        wanted.keepsGroup = !sharesTerminal
        try Task.checkCancellation()
        let child = try await ChildProcess.start(wanted)
        defer { child.releaseGroup() }
        Interruption.current?.forward { signal in
            if !sharesTerminal {
                child.killGroup(signal)
            } else if signal != .interrupt {
                // Control-C has reached the whole foreground group already, the child included.
                child.signal(signal)
            }
        }
        do { return try await child.waitUnlessCancelled() } catch {
            if sharesTerminal {
                await child.terminate(grace: killAfter)
            } else {
                await child.terminateGroup(grace: killAfter)
            }
            throw error
        }
    }

    /// Whole seconds without a fraction, so that a shell can count with them.
    private static func seconds(_ span: Duration) -> String {
        let (whole, rest) = span.components
        return rest == 0 ? "\(whole)" : "\(span.seconds)"
    }
}
