import HoldfastRedis

extension JobAdministration {
    /// A limit, and how it is used.
    public struct LimitUse: Sendable, Hashable {
        public let limit: JobLimit
        /// Jobs that hold a place: they wait in their queues, or run.
        public let allowed: Int
        /// Jobs that wait for one.
        public let waiting: Int
    }

    /// The limits in use, by key; 10000 at most. One without jobs is forgotten within seconds.
    /// - Throws: ``JobsError`` with `redis`.
    public func limits() async throws(JobsError) -> [LimitUse] {
        let reply = try await run(JobScripts.listLimits, 10_000)
        return (reply.array ?? []).compactMap(Self.use).sorted { $0.limit.key < $1.limit.key }
    }

    private static func use(_ reply: RedisReply) -> LimitUse? {
        guard let parts = reply.array, parts.count == 6, let key = parts[0].text, let allowed = parts[4].integer,
            let waiting = parts[5].integer
        else { return nil }
        let names = [JobRecord.OwnField.rateInterval: 2, JobRecord.OwnField.rateBurst: 3]
        let rate = JobLimit.Rate { name in names[name].flatMap { parts[$0].text } }
        let concurrency = parts[1].text.flatMap { Int($0) } ?? 0
        return LimitUse(
            limit: JobLimit(key, concurrency: concurrency, rate: rate), allowed: Int(allowed), waiting: Int(waiting))
    }
}
