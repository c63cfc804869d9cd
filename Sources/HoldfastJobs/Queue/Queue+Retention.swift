import HoldfastRedis

extension Queue {
    /// How many finished and failed jobs a queue keeps, beside what their TTLs say.
    public struct Retained: Sendable, Hashable {
        /// Nil keeps any number.
        public var finished: Int?
        public var failed: Int?

        public init(finished: Int? = nil, failed: Int? = nil) {
            self.finished = finished
            self.failed = failed
        }
    }

    public static var maximumRetained: Int { 10_000_000 }

    /// Keeps only the last `finished` and `failed` jobs of this queue: when one more ends, the record that ended first
    /// is deleted with its result. Holds for jobs that end from now on, at workers of ours.
    /// - Throws: ``JobsError`` with `invalid` or `redis`.
    public func retain(_ retained: Retained) async throws(JobsError) {
        let counts = [("finished", retained.finished), ("failed", retained.failed)]
        for (_, count) in counts where !(1...Self.maximumRetained).contains(count ?? 1) {
            throw JobsError(.invalid, "a queue keeps 1 to \(Self.maximumRetained) jobs; a TTL of zero keeps none")
        }
        let key = RedisArgument(keys.retained(name))
        for (field, count) in counts {
            if let count {
                try await send(RedisCommand("HSET", key, RedisArgument(field), RedisArgument(count)).idempotent)
            } else {
                try await send(RedisCommand("HDEL", key, RedisArgument(field)).idempotent)
            }
        }
    }

    /// What ``retain(_:)`` said last.
    /// - Throws: ``JobsError`` with `redis`.
    public func retained() async throws(JobsError) -> Retained {
        let reply = try await send(
            RedisCommand("HMGET", RedisArgument(keys.retained(name)), "finished", "failed").idempotent)
        let counts = (reply.array ?? []).map { $0.text.flatMap { Int($0) } }
        guard counts.count == 2 else { return Retained() }
        return Retained(finished: counts[0], failed: counts[1])
    }
}
