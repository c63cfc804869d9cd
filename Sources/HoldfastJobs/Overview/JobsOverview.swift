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
        /// Whether ``JobAdministration/pause(_:for:)`` keeps our workers from taking its jobs.
        public let isPaused: Bool
        /// How long the job at its head has been waiting, by the server's clock; nil when it is empty, or when the
        /// producer did not write the time.
        public let latency: Duration?
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
            ])
            let (queues, isSuspended) = try await measure(
                try names(heads[0], after: "\(keys.prefix):queue:"), client, keys)
            return JobsOverview(
                queues: queues,
                workers: try await readWorkers(client, keys, try names(heads[1], after: "\(keys.prefix):worker:")),
                isSuspended: isSuspended)
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

    /// Measures queues by name, whether they are registered or not.
    /// - Throws: `RedisError`.
    static func measure(
        _ names: [String], _ client: RedisClient, _ keys: RQKeys
    ) async throws(RedisError) -> (queues: [QueueInfo], isSuspended: Bool) {
        let reply = try await client.run(
            JobScripts.measure, keys: [],
            arguments: [RedisArgument(keys.prefix)] + names.map { RedisArgument($0) }, idempotent: true)
        guard let parts = reply.array, parts.count == names.count + 2, let time = parts[0].text.flatMap(Double.init)
        else {
            throw RedisError(.unexpectedReply, .answered, "the measure script answered \(reply)", server: client.server)
        }
        let now = WallTime(microseconds: Int64((time * 1e6).rounded()))
        let queues = zip(names, parts.dropFirst(2)).map { name, part in
            QueueInfo(name: name, measure: part.array ?? [], now: now)
        }
        return (queues, parts[1].integer == 1)
    }

    // A worker that died without a word stays in the set until somebody removes it; its hash has expired.
    private static func readWorkers(
        _ client: RedisClient, _ keys: RQKeys, _ names: [String]
    ) async throws -> [WorkerInfo] {
        let commands = names.flatMap { name in
            [
                RedisCommand("HGETALL", RedisArgument(keys.worker(name))),
                RedisCommand(
                    "SUNION", RedisArgument(keys.worker(name) + ":executions"), RedisArgument(keys.claims(name))),
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
                running: try outcomes[index * 2 + 1].get().array?.count ?? 0,
                succeeded: Int(text("successful_job_count")) ?? 0, failed: Int(text("failed_job_count")) ?? 0,
                lastHeartbeat: RQTime.parse(text("last_heartbeat")))
        }
    }
}

extension JobsOverview.QueueInfo {
    /// - Parameter measure: One element of the measure script's reply.
    init(name: String, measure: [RedisReply], now: WallTime) {
        let numbers = (0..<8).map { $0 < measure.count ? Int(measure[$0].integer ?? 0) : 0 }
        self.name = name
        counts = QueueCounts(
            queued: numbers[0], started: numbers[1], finished: numbers[2], failed: numbers[3], deferred: numbers[4],
            scheduled: numbers[5], canceled: numbers[6])
        isPaused = numbers[7] == 1
        let since = measure.count > 8 ? measure[8].text.flatMap(RQTime.parse) : nil
        latency = since.map { .microseconds(max(0, now.microseconds - $0.microseconds)) }
    }
}
