import Glibc
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// Runs `body` and cancels it when SIGINT or SIGTERM arrives, so that it stops in order what it started. Another signal
/// a second or more later ends the process at once. A command may answer signals by itself, see `Interruption.handle`.
func withInterruption(
    runtime: any Runtime = LiveRuntime(), _ body: sending @escaping @isolated(any) () async throws -> Void
) async throws {
    let interruption = Interruption(runtime: runtime)
    let handlers = try [Signal.interrupt, .terminate].map { signal in
        try SignalHandler(signal) { if interruption.signalled(signal) { _exit(ExitCode.interrupted.rawValue) } }
    }
    defer { for handler in handlers { handler.remove() } }
    let work = Task {  // tidy:allow seam because a signal handler must be able to cancel it
        try await Interruption.$current.withValue(interruption) { try await body() }
    }
    interruption.watch(work)
    do { try await work.value } catch {
        // Whatever gave up first because of the signal: the signal is the reason.
        if interruption.isInterrupted { throw CancellationError() }
        throw error
    }
    if interruption.isInterrupted { throw CancellationError() }
}

/// Whether signals came, and what they do to the command that runs now.
final class Interruption: Sendable {
    /// That of the present command; nil outside of `withInterruption`.
    @TaskLocal static var current: Interruption?

    private struct State {
        var work: Task<Void, any Error>?
        var signals = 0
        var last: Instant?
        var handler: (@Sendable () -> Void)?
        var forward: (@Sendable (Signal) -> Void)?
    }

    private let runtime: any Runtime
    private let state = Mutex(State())

    init(runtime: any Runtime) { self.runtime = runtime }

    /// Lets a command that has an orderly end of its own, such as a worker, answer the first signal and the second.
    /// It is then not cancelled, and how it ends is its own affair. The third signal ends the process at once.
    func handle(_ body: @escaping @Sendable () -> Void) {
        let missed = state.withLock { state in
            state.handler = body
            return state.signals > 0
        }
        if missed { body() }
    }

    /// From here on signals are somebody else's, who gets each of them: they neither cancel this command nor end it.
    /// One that came before has cancelled it.
    func forward(_ body: @escaping @Sendable (Signal) -> Void) { state.withLock { $0.forward = body } }

    /// Whether a signal came that the command did not answer by itself.
    var isInterrupted: Bool { state.withLock { $0.signals > 0 && $0.handler == nil } }

    func watch(_ work: Task<Void, any Error>) {
        let happened = state.withLock { state in
            state.work = work
            return state.signals > 0 && state.handler == nil
        }
        if happened { work.cancel() }
    }

    /// Answers a signal; true when the process must end at once.
    func signalled(_ signal: Signal = .interrupt) -> Bool {
        if let forward = state.withLock({ $0.forward }) {
            forward(signal)
            return false
        }
        let now = runtime.now
        let (signals, handler, work) = state.withLock {
            state -> (Int, (@Sendable () -> Void)?, Task<Void, any Error>?) in
            // timeout(1) signals its child and then its group: the same signal twice within a moment is not impatience.
            if let last = state.last, last.duration(to: now) < .seconds(1) { return (0, nil, nil) }
            state.signals += 1
            state.last = now
            return (state.signals, state.handler, state.work)
        }
        if signals > (handler == nil ? 1 : 2) { return true }
        if let handler { handler() } else { work?.cancel() }
        return false
    }
}
