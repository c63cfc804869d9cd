import Glibc
public import HoldfastJobs
import HoldfastLocks
public import HoldfastRedis
import HoldfastResources
import HoldfastRuntime

/// Jobs with two effects: a fenced one under the job's idempotency key, which must happen once, and a bare one, which
/// happens as often as the job is executed.
public struct Effects: Sendable {
    public static let function = "tests.effect"
    /// The same after blocking its thread, in its first execution only, until a file is there, whose path it takes.
    public static let blocking = "tests.block"

    private let client: RedisClient

    public init(on client: RedisClient) { self.client = client }

    /// - Parameter reach: Told when a handler comes to one of ``Points``.
    public func register(
        in handlers: inout HandlerRegistry, reach: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        let effects = self
        handlers.register(Self.function) { (number: Int, context: JobContext) async throws -> Int in
            reach(Points.running)
            try await context.runtime.sleep(for: context.runtime.jitter(upTo: .milliseconds(10)))
            try await effects.act(number, in: context)
            reach(Points.effected)
            return number
        }
        handlers.register(Self.blocking) { (path: String, context: JobContext) async throws -> Int in
            while context.attempt == 1 && access(path, F_OK) != 0 { usleep(5000) }
            try await effects.act(context.attempt, in: context)
            return context.attempt
        }
    }

    private func act(_ number: Int, in context: JobContext) async throws {
        try await client.send(RedisCommand("HINCRBY", "effects:bare", RedisArgument("\(context.jobID)"), 1))
        let resource = try RedisResource("\(context.jobID)", on: client, prefix: "effects:")
        _ = try await resource.apply(
            Array("\(number)".utf8), token: FencingToken(rawValue: context.token),
            key: IdempotencyKey(context.idempotencyKey(step: "effect")))
    }

    /// How often each job's effects happened.
    public struct Count: Sendable, Hashable {
        public let fenced: Int
        public let bare: Int
    }

    public func count(of ids: [JobID]) async throws -> [Count] {
        let outcomes = try await client.pipeline(
            ids.flatMap { id in
                [
                    RedisCommand("HGET", RedisArgument("effects:resource:\(id)"), "sequence"),
                    RedisCommand("HGET", "effects:bare", RedisArgument("\(id)")),
                ]
            })
        return try ids.indices.map { index in
            Count(
                fenced: Int(try outcomes[index * 2].get().integer ?? 0),
                bare: Int(try outcomes[index * 2 + 1].get().integer ?? 0))
        }
    }
}
