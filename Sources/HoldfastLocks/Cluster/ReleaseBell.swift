import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// Wakes one waiter when a lock may be free: at the word of the node that is asked first, or of a majority.
///
/// Hints only. A message that is missed costs time and nothing else, for every wait has an end of its own.
final class ReleaseBell: Sendable {
    private struct State {
        var heard: Set<Int> = []
        var waiter: CheckedContinuation<Void, Never>?
        var isOver = false
    }

    private let home: Int
    private let majority: Int
    private let state = Mutex(State())

    init(home: Int, majority: Int) {
        self.home = home
        self.majority = majority
    }

    /// A node has told of a release, or that it will tell from now on, so that one may have been missed.
    func hear(_ node: Int) {
        wake { state in
            state.heard.insert(node)
            return self.rings(state)
        }
    }

    /// What was heard so far belongs to an attempt that is made now.
    func rearm() { state.withLock { $0.heard = [] } }

    /// Waits until it rings, at most `limit`. Returns at once when it has rung since ``rearm()``, or when the caller is
    /// cancelled.
    func wait(atMost limit: Duration, _ strand: any Strand) async {
        state.withLock { $0.isOver = false }
        let timer = strand.schedule(after: limit) { self.end() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if rings(state) || state.isOver { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            end()
        }
        timer.cancel()
    }

    private func rings(_ state: State) -> Bool { state.heard.contains(home) || state.heard.count >= majority }

    private func end() {
        wake { state in
            state.isOver = true
            return true
        }
    }

    private func wake(_ change: (inout State) -> Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard change(&state) else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
