public import HoldfastRedis
public import HoldfastRuntime

/// What is in all queues of a server, and who works on them; Python's part included.
public struct JobsOverview: Sendable, Hashable {
    /// In the order of their names.
    public let queues: [QueueInfo]
    /// In the order of their names.
    public let workers: [WorkerInfo]
    /// Whether `rq suspend` keeps workers from taking jobs.
    public let isSuspended: Bool

    public struct QueueInfo: Sendable, Hashable {
        public let name: String
        public let counts: QueueCounts
    }

    public struct WorkerInfo: Sendable, Hashable {
        public let name: String
        public let queues: [String]
        /// RQ's words: `busy`, `idle`, `started`, `suspended`; `?` when it does not say.
        public let state: String
        public let hostname: String
        public let pid: Int?
        public let running: Int
        public let succeeded: Int
        public let failed: Int
        public let lastHeartbeat: WallTime?
    }

    /// Reads at most this many queues and workers.
    public static let limit = 10_000

    /// - Throws: ``JobsError`` with `redis`.
    public static func read(_ client: RedisClient, keys: RQKeys = .standard) async throws(JobsError) -> JobsOverview {
        do {
            let heads = try await client.pipeline([
                RedisCommand("SMEMBERS", RedisArgument(keys.queues)),
                RedisCommand("SMEMBERS", RedisArgument(keys.workers)),
                RedisCommand("EXISTS", RedisArgument(keys.suspended)),
            ])
            return JobsOverview(
                queues: try await readQueues(client, keys, try names(heads[0], after: "\(keys.prefix):queue:")),
                workers: try await readWorkers(client, keys, try names(heads[1], after: "\(keys.prefix):worker:")),
                isSuspended: try heads[2].get().integer == 1)
        } catch let error as JobsError {
            throw error
        } catch let error as RedisError {
            throw JobsError(error)
        } catch {
            throw JobsError(.unreadable, String(describing: error))
        }
    }

    private static func names(
        _ outcome: Result<RedisReply, RedisError>, after prefix: String
    ) throws(RedisError) -> [String] {
        let members = (try outcome.get().array ?? []).compactMap(\.text)
        return Array(
            members.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted().prefix(limit))
    }

    private static func readQueues(
        _ client: RedisClient, _ keys: RQKeys, _ names: [String]
    ) async throws -> [QueueInfo] {
        let commands = names.flatMap { QueueCounts.commands(QueueName(unchecked: $0), keys) }
        let outcomes = try await client.pipeline(commands)
        return try names.enumerated().map { index, name in
            let first = index * QueueCounts.commandCount
            return QueueInfo(
                name: name, counts: try QueueCounts(outcomes[first..<first + QueueCounts.commandCount]))
        }
    }

    // A worker that died without a word stays in the set until somebody removes it; its hash has expired.
    private static func readWorkers(
        _ client: RedisClient, _ keys: RQKeys, _ names: [String]
    ) async throws -> [WorkerInfo] {
        let commands = names.flatMap { name in
            [
                RedisCommand("HGETALL", RedisArgument(keys.worker(name))),
                RedisCommand("SCARD", RedisArgument(keys.worker(name) + ":executions")),
            ]
        }
        let outcomes = try await client.pipeline(commands)
        return try names.enumerated().compactMap { index, name in
            let fields = HashFields.read(try outcomes[index * 2].get())
            func text(_ field: String) -> String { fields[field].map { String(decoding: $0, as: UTF8.self) } ?? "" }
            guard !fields.isEmpty, fields["death"] == nil else { return nil }
            return WorkerInfo(
                name: name, queues: text("queues").split(separator: ",").map(String.init),
                state: text("state").isEmpty ? "?" : text("state"), hostname: text("hostname"), pid: Int(text("pid")),
                running: Int(try outcomes[index * 2 + 1].get().integer ?? 0),
                succeeded: Int(text("successful_job_count")) ?? 0, failed: Int(text("failed_job_count")) ?? 0,
                lastHeartbeat: RQTime.parse(text("last_heartbeat")))
        }
    }
}
