import Synchronization

/// A result that arrives once, for one waiting task. The first resolution wins; later ones are ignored.
final class Promise<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RedisError>

    private enum State {
        case empty
        case waiting(CheckedContinuation<Outcome, Never>)
        case resolved(Outcome)
        case finished
    }

    private let state = Mutex(State.empty)

    func resolve(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            switch state {
            case .empty:
                state = .resolved(outcome)
                return nil
            case .waiting(let continuation):
                state = .finished
                return continuation
            case .resolved, .finished: return nil
            }
        }
        waiter?.resume(returning: outcome)
    }

    /// Waits for the resolution. A cancelled caller stops waiting at once with `onCancel`; whatever the promise
    /// stands for goes on, and its late resolution is dropped.
    func wait(onCancel: RedisError) async throws(RedisError) -> Value {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Outcome? in
                    switch state {
                    case .empty:
                        state = .waiting(continuation)
                        return nil
                    case .resolved(let outcome):
                        state = .finished
                        return outcome
                    case .waiting, .finished: preconditionFailure("a promise has one waiter and one result")
                    }
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            resolve(.failure(onCancel))
        }
        return try outcome.get()
    }
}
