/// A background task with an owner: whoever starts one keeps it, and ends it with ``end()``.
public final class OwnedTask: Sendable {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) { self.task = task }

    /// Asks the task to stop; returns at once.
    public func cancel() { task.cancel() }

    /// Asks the task to stop and waits until it has.
    public func end() async {
        task.cancel()
        await task.value
    }

    deinit { task.cancel() }
}

extension Runtime {
    /// Runs `body` to its end, also when the caller is cancelled meanwhile: for what must not be left half done.
    public func shielded<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // Waiting for another task's value does not pass a cancellation on to it.
        try await Task(operation: body).value
    }

    /// Starts a task that outlives the caller's scope, for services that an object owns. On `executor` when given.
    public func own(
        on executor: (any TaskExecutor)? = nil, _ body: @escaping @Sendable () async -> Void
    ) -> OwnedTask {
        OwnedTask(Task(executorPreference: executor, operation: body))
    }
}
