internal import HoldfastRuntime

/// What a body with a deadline came to.
struct Raced<Value: Sendable>: Sendable {
    let value: Value
    /// Whether the deadline passed first. The body was cancelled then and still awaited: what it managed to say counts.
    let isLate: Bool
}

extension Runtime {
    /// Runs `body`, and cancels it when the deadline passes. Returns when the body has.
    func race<Value: Sendable>(
        until deadline: Instant, _ body: @escaping @Sendable () async -> Value
    ) async -> Raced<Value> {
        await withTaskGroup(of: Runner<Value>.self) { group in
            group.addTask { .body(await body()) }
            group.addTask {
                do { try await self.sleep(until: deadline) } catch { return .woken }
                return .expired
            }
            var isLate = false
            while let runner = await group.next() {
                switch runner {
                case .body(let value):
                    group.cancelAll()
                    return Raced(value: value, isLate: isLate)
                case .expired:
                    isLate = true
                    group.cancelAll()
                case .woken: break
                }
            }
            preconditionFailure("the body always returns")
        }
    }
}

private enum Runner<Value: Sendable>: Sendable {
    case body(Value)
    case expired
    /// The sleeper, by cancellation.
    case woken
}
