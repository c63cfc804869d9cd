import HoldfastRedis

extension Worker {
    /// Runs a handler within a span whose parent is the producer's, if somebody takes the spans. The context is read
    /// only then, so that nobody else pays for it; without it the execution begins a trace of its own.
    func traced<Value>(
        _ execution: Execution, _ function: String, _ body: () async throws -> Value
    ) async throws -> Value {
        try await spans.run(execution.info, function: function, worker: name) {
            let command = RedisCommand(
                "HGET", RedisArgument(keys.job(execution.job)), RedisArgument(TraceCarrier.field))
            return (try? await client.send(command.idempotent))?.bytes.flatMap { TraceCarrier($0) }
        } body: {
            try await body()
        }
    }
}
