public import HoldfastRedis

/// A named queue on one Redis server, shared with Python's `rq`.
///
/// A value: it owns nothing, and any number may be made on one client. The client should know
/// ``JobScripts/all``.
public struct Queue: Sendable {
    public let name: QueueName
    public let client: RedisClient
    public let keys: RQKeys

    public init(_ name: QueueName, client: RedisClient, keys: RQKeys = .standard) {
        self.name = name
        self.client = client
        self.keys = keys
    }

    /// - Throws: ``JobsError`` with `invalid` when the name is no queue name.
    public init(_ name: String, client: RedisClient, keys: RQKeys = .standard) throws(JobsError) {
        self.init(try QueueName(name), client: client, keys: keys)
    }

    /// Reads a job's record, whatever its queue.
    /// - Returns: nil if there is none (any more).
    /// - Throws: ``JobsError`` with `redis`, or `unreadable` for a record that is not RQ's.
    public func fetch(_ id: JobID) async throws(JobsError) -> JobRecord? {
        let reply = try await send(RedisCommand("HGETALL", RedisArgument(keys.job(id))).idempotent)
        let fields = HashFields.read(reply)
        guard fields["data"] != nil else { return nil }
        return try JobRecord(id: id, fields: fields, queue: name)
    }

    /// How many jobs are in each state.
    public func counts() async throws(JobsError) -> QueueCounts {
        let commands = QueueCounts.commands(name, keys)
        let outcomes = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.pipeline(commands)
        }
        return try QueueCounts(outcomes)
    }

    /// The ids that wait, next first: at most `limit` of them.
    public func waiting(limit: Int = 100) async throws(JobsError) -> [JobID] {
        let last = RedisArgument(max(1, limit) - 1)
        let reply = try await send(RedisCommand("LRANGE", RedisArgument(keys.queue(name)), 0, last).idempotent)
        return (reply.array ?? []).compactMap { $0.text }.filter(JobID.isValid).map { JobID(unchecked: $0) }
    }

    @discardableResult
    func send(_ command: RedisCommand) async throws(JobsError) -> RedisReply {
        do { return try await client.send(command) } catch { throw JobsError(error) }
    }
}

/// A reply that holds names and values in turn.
enum HashFields {
    static func read(_ reply: RedisReply) -> [String: [UInt8]] {
        let parts = reply.array ?? []
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let name = parts[index].text, let value = parts[index + 1].bytes { fields[name] = value }
        }
        return fields
    }
}
