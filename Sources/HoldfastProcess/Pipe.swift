import Glibc
import Synchronization

/// Our end of a pipe: non-blocking, closed with its last user. One task at a time waits on it.
final class Pipe: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Bool, Never>)
        case closed
    }

    let descriptor: Int32
    private let toWrite: Bool
    private let state = Mutex(State.idle)

    init(_ descriptor: Int32, toWrite: Bool = false) {
        self.descriptor = descriptor
        self.toWrite = toWrite
    }

    deinit { close() }

    /// Runs `body` on the open descriptor, nil once it is closed.
    func ifOpen<Value>(_ body: (Int32) -> Value) -> Value? {
        state.withLock { state in
            if case .closed = state { return nil }
            return body(descriptor)
        }
    }

    /// Suspends until the descriptor may be ready, is closed, or the task is cancelled.
    func ready() async throws(CancellationError) {
        await withTaskCancellationHandler {
            _ = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let resumeNow = state.withLock { state in
                    switch state {
                    case .closed: return true
                    case .waiting: preconditionFailure("two tasks use one end of a pipe at once")
                    case .idle:
                        state = .waiting(continuation)
                        // Registered under the lock: `close` must not come between.
                        ProcessThread.shared.whenReady(descriptor, toWrite: toWrite) { [weak self] in self?.wake() }
                        return false
                    }
                }
                if resumeNow { continuation.resume(returning: true) }
                if Task.isCancelled { wake() }
            }
        } onCancel: {
            wake()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    private func wake() {
        let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
            guard case .waiting(let continuation) = state else { return nil }
            state = .idle
            return continuation
        }
        waiter?.resume(returning: true)
    }

    func close() {
        let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
            if case .closed = state { return nil }
            ProcessThread.shared.forget(descriptor)
            Glibc.close(descriptor)
            defer { state = .closed }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume(returning: true)
    }
}
