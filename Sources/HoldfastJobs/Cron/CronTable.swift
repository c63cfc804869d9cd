public import HoldfastRedis
import HoldfastRuntime

/// The cron entries of a prefix, in Redis. A ``CronScheduler`` enqueues their jobs.
///
/// A value: it owns nothing.
public struct CronTable: Sendable {
    public let client: RedisClient
    public let keys: RQKeys

    /// The most entries a table may hold.
    public static let maximumEntries = 10_000

    public init(client: RedisClient, keys: RQKeys = .standard) {
        self.client = client
        self.keys = keys
    }

    /// Defines an entry, or changes the one of its name. If the schedule is as before, so is the time when it is due
    /// next: a tick that was missed is made up for.
    /// - Throws: ``JobsError`` with `invalid` (also when the table is full), `unreadable`, `tooLarge` or `redis`.
    public func define(_ entry: CronEntry) async throws(JobsError) {
        let json = try StoredCronEntry.json(entry)
        let time = try await serverTime()
        let due = entry.schedule.next(after: time)
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(
                JobScripts.cronDefine, keys: [],
                arguments: [
                    RedisArgument(keys.prefix), RedisArgument(entry.name), RedisArgument(json),
                    RedisArgument(Self.seconds(due)), RedisArgument(Self.maximumEntries),
                ], idempotent: true)
        }
        guard reply.integer == 1 else {
            throw JobsError(.invalid, "there are \(Self.maximumEntries) cron entries already: remove some")
        }
    }

    /// Jobs that are enqueued already stay.
    /// - Returns: whether there was one.
    @discardableResult
    public func remove(_ name: String) async throws(JobsError) -> Bool {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(
                JobScripts.cronRemove, keys: [], arguments: [RedisArgument(keys.prefix), RedisArgument(name)])
        }
        return reply.integer == 1
    }

    /// All entries, in the order of their names.
    /// - Throws: ``JobsError`` with `redis`, or `unreadable` for an entry that nobody can read.
    public func entries() async throws(JobsError) -> [StoredCronEntry] {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(
                JobScripts.cronList, keys: [], arguments: [RedisArgument(keys.prefix)], idempotent: true)
        }
        var entries: [StoredCronEntry] = []
        for part in reply.array ?? [] {
            guard let texts = part.array?.map({ $0.text ?? "" }), texts.count == 4 else { continue }
            entries.append(
                try StoredCronEntry(
                    name: texts[0], json: texts[1], due: Self.time(texts[2]), lastEnqueued: Self.time(texts[3])))
        }
        return entries.sorted { $0.name < $1.name }
    }

    private func serverTime() async throws(JobsError) -> WallTime {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.send(RedisCommand("TIME").idempotent)
        }
        let parts = (reply.array ?? []).compactMap(\.text).compactMap { Int64($0) }
        guard parts.count == 2 else { throw JobsError(.unreadable, "the server's TIME is no time") }
        return WallTime(microseconds: parts[0] * 1_000_000 + parts[1])
    }

    /// Whole Unix seconds; '' for never.
    static func seconds(_ time: WallTime?) -> String { time.map { String($0.microseconds / 1_000_000) } ?? "" }

    static func time(_ seconds: String) -> WallTime? {
        guard let number = Double(seconds), abs(number) < 1e12 else { return nil }
        return WallTime(microseconds: Int64((number * 1e6).rounded()))
    }
}
