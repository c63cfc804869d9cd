import HoldfastRedis
public import HoldfastRuntime

/// A job that waits for its time.
public struct ScheduledJob: Sendable, Hashable {
    public let id: JobID
    public let due: WallTime

    public init(id: JobID, due: WallTime) {
        self.id = id
        self.due = due
    }
}

extension Queue {
    /// The jobs that wait for their time, the first one due first: at most `limit` of them. Retries and repeats that
    /// wait are among them.
    public func scheduled(limit: Int = 100) async throws(JobsError) -> [ScheduledJob] {
        let reply = try await send(
            RedisCommand(
                "ZRANGE", RedisArgument(keys.registry(.scheduled, of: name)), 0, RedisArgument(max(1, limit) - 1),
                "WITHSCORES"
            ).idempotent)
        let parts = reply.array ?? []
        return stride(from: 0, to: parts.count - 1, by: 2).compactMap { index in
            guard let id = parts[index].text, JobID.isValid(id),
                let score = parts[index + 1].text.flatMap({ Double($0) }),
                abs(score) < 1e12
            else { return nil }
            return ScheduledJob(id: JobID(unchecked: id), due: WallTime(microseconds: Int64((score * 1e6).rounded())))
        }
    }
}
