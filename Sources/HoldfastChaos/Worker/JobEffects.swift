import HoldfastRedis

/// Effects of jobs, on record in the order in which they happened: what exactly once is judged by.
struct JobEffects: Sendable {
    private static let stream: RedisArgument = "holdfast:chaos:effects"
    private static let keys: RedisArgument = "holdfast:chaos:effect-keys"

    /// An effect, once for each key.
    ///
    /// KEYS: the set of keys that were used; the stream of effects.
    /// ARGV: the key; the job.
    /// Returns: how many effects there have been.
    /// Atomic: the key's record and the effect appear together or not at all.
    private static let happen = RedisScript(
        name: "chaos.effect",
        """
        if redis.call('SADD', KEYS[1], ARGV[1]) == 1 then
            redis.call('XADD', KEYS[2], '*', 'job', ARGV[2])
        end
        return redis.call('XLEN', KEYS[2])
        """)

    private let client: RedisClient

    init(on client: RedisClient) { self.client = client }

    /// Lets the effect of `job` happen unless it has happened under `key`.
    func happen(for job: String, key: String) async throws(RedisError) -> Int64 {
        let reply = try await client.run(
            Self.happen, keys: [Self.keys, Self.stream], arguments: [RedisArgument(key), RedisArgument(job)],
            idempotent: true)
        return reply.integer ?? 0
    }

    func count() async throws(RedisError) -> Int {
        Int(try await client.send(RedisCommand("XLEN", Self.stream).idempotent).integer ?? 0)
    }

    /// The effects in order: the entry's id and the job.
    func all() async throws(RedisError) -> [(entry: String, job: String)] {
        let entries = try await client.send(RedisCommand("XRANGE", Self.stream, "-", "+").idempotent).array ?? []
        return entries.compactMap { entry in
            guard let id = entry.array?.first?.text, let job = entry.array?.last?.array?.last?.text else { return nil }
            return (id, job)
        }
    }
}
