import Synchronization

/// A value that is given once, to one waiting task. The first one wins.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case given(Value)
        case waiting(CheckedContinuation<Value?, Never>)
        case over
    }

    private let state = Mutex(State.empty)

    func give(_ value: Value) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .empty: state = .given(value)
            case .waiting(let continuation):
                state = .over
                return continuation
            case .given, .over: break
            }
            return nil
        }
        waiter?.resume(returning: value)
    }

    /// The value; nil when the task is cancelled before it comes.
    func value() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Value?? in
                    switch state {
                    case .empty where !Task.isCancelled:
                        state = .waiting(continuation)
                        return nil
                    case .given(let value):
                        state = .over
                        return .some(value)
                    case .empty, .over: return .some(nil)
                    case .waiting: preconditionFailure("a one-shot value has one reader")
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
                guard case .waiting(let continuation) = state else { return nil }
                state = .over
                return continuation
            }
            waiter?.resume(returning: nil)
        }
    }
}
