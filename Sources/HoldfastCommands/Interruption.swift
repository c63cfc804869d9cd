import Glibc
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// Runs `body` and cancels it when SIGINT or SIGTERM arrives, so that it stops in order what it started. Another signal
/// a second or more later ends the process at once.
func withInterruption(
    runtime: any Runtime = LiveRuntime(), _ body: sending @escaping @isolated(any) () async throws -> Void
) async throws {
    let interruption = Interruption(runtime: runtime)
    let handlers = try [Signal.interrupt, .terminate].map { try SignalHandler($0) { interruption.signalled() } }
    defer { for handler in handlers { handler.remove() } }
    let work = Task { try await body() }  // tidy:allow seam because a signal handler must be able to cancel it
    interruption.watch(work)
    do { try await work.value } catch {
        // Whatever gave up first because of the signal: the signal is the reason.
        if interruption.hasHappened { throw CancellationError() }
        throw error
    }
    if interruption.hasHappened { throw CancellationError() }
}

/// Whether a signal came, and what it cancels.
private final class Interruption: Sendable {
    private let runtime: any Runtime
    private let state = Mutex<(work: Task<Void, any Error>?, since: Instant?)>((nil, nil))

    init(runtime: any Runtime) { self.runtime = runtime }

    var hasHappened: Bool { state.withLock { $0.since != nil } }

    func watch(_ work: Task<Void, any Error>) {
        let happened = state.withLock { state in
            state.work = work
            return state.since != nil
        }
        if happened { work.cancel() }
    }

    func signalled() {
        let (since, work) = state.withLock { state in
            defer { state.since = state.since ?? runtime.now }
            return (state.since, state.work)
        }
        // timeout(1) signals its child and then its group: the same signal twice within a moment is not impatience.
        if let since, since.duration(to: runtime.now) >= .seconds(1) { _exit(ExitCode.interrupted.rawValue) }
        work?.cancel()
    }
}
