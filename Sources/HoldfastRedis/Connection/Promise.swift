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

    /// - Returns: Whether this outcome is the one that the waiting task gets.
    @discardableResult
    func resolve(_ outcome: Outcome) -> Bool {
        let (isFirst, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Outcome, Never>?) in
            switch state {
            case .empty:
                state = .resolved(outcome)
                return (true, nil)
            case .waiting(let continuation):
                state = .finished
                return (true, continuation)
            case .resolved, .finished: return (false, nil)
            }
        }
        waiter?.resume(returning: outcome)
        return isFirst
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

extension Promise<Void> {
    func resolveVoid() { resolve(.success(())) }
}
