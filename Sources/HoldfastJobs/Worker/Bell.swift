import HoldfastRuntime
import Synchronization

/// Wakes one waiting task. A ring that nobody waits for is kept, once, for the next wait.
final class Bell: Sendable {
    private enum State {
        case quiet
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let continuation) = state {
                state = .quiet
                return continuation
            }
            state = .rung
            return nil
        }
        waiter?.resume()
    }

    /// Forgets a ring that nobody has waited for.
    func hush() {
        state.withLock { if case .rung = $0 { $0 = .quiet } }
    }

    /// Returns after the next ring, or at once when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    switch state {
                    case .quiet where !Task.isCancelled:
                        state = .waiting(continuation)
                        return false
                    case .quiet, .rung:
                        state = .quiet
                        return true
                    case .waiting: preconditionFailure("a bell wakes one task")
                    }
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }

    /// The same, but not longer than until `deadline`.
    func wait(until deadline: Instant?, _ runtime: any Runtime) async {
        guard let deadline else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await runtime.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }
}
