import Glibc
import HoldfastProcess
import Synchronization

/// Runs `body` and cancels it when SIGINT or SIGTERM arrives, so that it stops in order what it started. The second
/// signal ends the process at once.
func withInterruption(_ body: sending @escaping @isolated(any) () async throws -> Void) async throws {
    let interruption = Interruption()
    let handlers = try [Signal.interrupt, .terminate].map { try SignalHandler($0) { interruption.signalled() } }
    defer { for handler in handlers { handler.remove() } }
    let work = Task { try await body() }  // tidy:allow seam because a signal handler must be able to cancel it
    interruption.watch(work)
    try await work.value
    if interruption.hasHappened { throw CancellationError() }
}

/// Whether a signal came, and what it cancels.
private final class Interruption: Sendable {
    private let state = Mutex<(work: Task<Void, any Error>?, happened: Bool)>((nil, false))

    var hasHappened: Bool { state.withLock { $0.happened } }

    func watch(_ work: Task<Void, any Error>) {
        let happened = state.withLock { state in
            state.work = work
            return state.happened
        }
        if happened { work.cancel() }
    }

    func signalled() {
        let (again, work) = state.withLock { state in
            defer { state.happened = true }
            return (state.happened, state.work)
        }
        if again { _exit(ExitCode.interrupted.rawValue) }
        work?.cancel()
    }
}
