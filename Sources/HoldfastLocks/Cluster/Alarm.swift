import HoldfastRedis
import Synchronization

/// Wakes one waiter. Rung before the wait, it is remembered.
final class Alarm: Sendable {
    private struct State {
        var hasRung = false
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        wake { $0.hasRung = true }
    }

    /// Forgets that it rang.
    func reset() { state.withLock { $0.hasRung = false } }

    /// Waits until it rings, at most `limit` if there is one; a cancelled caller stops waiting at once.
    /// - Returns: Whether it has rung.
    @discardableResult
    func wait(atMost limit: Duration?, _ strand: any Strand) async -> Bool {
        state.withLock { $0.isOver = false }
        let timer = limit.map { strand.schedule(after: $0) { self.giveUp() } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.hasRung || state.isOver { return true }
                    precondition(state.waiter == nil, "an alarm wakes one waiter")
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            giveUp()
        }
        timer?.cancel()
        return state.withLock { $0.hasRung }
    }

    private func giveUp() {
        wake { $0.isOver = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
