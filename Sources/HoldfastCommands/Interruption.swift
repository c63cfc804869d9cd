import Dispatch
import Foundation
import Synchronization

/// Runs `body` and cancels it when SIGINT or SIGTERM arrives, so that it stops in order what it started. The second
/// signal ends the process at once.
func withInterruption(_ body: sending @escaping @isolated(any) () async throws -> Void) async throws {
    let work = Task { try await body() }  // tidy:allow seam because a signal handler must be able to cancel it
    let interrupted = Mutex(false)
    let sources = [SIGINT, SIGTERM].map { number in
        // The source sees the signal all the same; without this its default action would end the process.
        let before = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            let again = interrupted.withLock { interrupted in
                defer { interrupted = true }
                return interrupted
            }
            if again { _exit(ExitCode.interrupted.rawValue) }
            work.cancel()
        }
        source.resume()
        return (number, before, source)
    }
    defer {
        for (number, before, source) in sources {
            source.cancel()
            signal(number, before)
        }
    }
    try await work.value
    if interrupted.withLock({ $0 }) { throw CancellationError() }
}
