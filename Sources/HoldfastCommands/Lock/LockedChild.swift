import Foundation
import HoldfastLocks
import HoldfastProcess
import Synchronization

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
    func run(_ lease: LeaseVariables) async throws -> HoldfastProcess.ExitStatus {
        var wanted = Command(command[0], Array(command.dropFirst()))
        wanted.input = .inherit
        wanted.environment = .inheritAnd(lease.variables)
        wanted.grouping = sharesTerminal ? .shared : .ownGroup
        wanted.keepsGroup = !sharesTerminal
        try Task.checkCancellation()
        // Before the child starts: it may be signalled as soon as it runs.
        let relay = SignalRelay()
        Interruption.current?.forward { relay.pass($0) }
        let child = try await ChildProcess.start(wanted)
        defer { child.releaseGroup() }
        relay.attach { signal in
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
}

/// Hands signals on, keeping those that come before there is anybody to hand them to.
private final class SignalRelay: Sendable {
    private struct State {
        var kept: [Signal] = []
        var receiver: (@Sendable (Signal) -> Void)?
    }

    private let state = Mutex(State())

    func pass(_ signal: Signal) {
        let receiver = state.withLock { state in
            if state.receiver == nil { state.kept.append(signal) }
            return state.receiver
        }
        receiver?(signal)
    }

    func attach(_ receiver: @escaping @Sendable (Signal) -> Void) {
        let kept = state.withLock { state in
            state.receiver = receiver
            return state.kept
        }
        for signal in kept { receiver(signal) }
    }
}
