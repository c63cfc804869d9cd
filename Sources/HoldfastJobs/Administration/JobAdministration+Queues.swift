import HoldfastRedis
public import HoldfastRuntime

extension JobAdministration {
    /// How much one call of a script may do: then other clients have their turn.
    static let batch = 500

    /// Keeps workers of ours from taking jobs out of a queue; those that run go on, and jobs may be enqueued. Python's
    /// workers know no such thing and go on taking: for those there is ``suspend(for:)``.
    ///
    /// - Parameter span: Ends by itself after this time, whole seconds rounded up; nil until ``resume(_:)``.
    /// - Throws: ``JobsError`` with `redis`.
    public func pause(_ queue: QueueName, for span: Duration? = nil) async throws(JobsError) {
        try await set(keys.paused(queue), for: span)
    }

    /// - Returns: Whether it was paused.
    /// - Throws: ``JobsError`` with `redis`.
    @discardableResult
    public func resume(_ queue: QueueName) async throws(JobsError) -> Bool {
        try await send(RedisCommand("DEL", RedisArgument(keys.paused(queue)))).integer == 1
    }

    /// Keeps all workers, Python's too, from taking any job: `rq suspend`.
    ///
    /// - Parameter span: As for ``pause(_:for:)``.
    /// - Throws: ``JobsError`` with `redis`.
    public func suspend(for span: Duration? = nil) async throws(JobsError) {
        try await set(keys.suspended, for: span)
    }

    /// Ends ``suspend(for:)``: `rq resume`. Paused queues stay paused.
    /// - Returns: Whether the store was suspended.
    /// - Throws: ``JobsError`` with `redis`.
    @discardableResult
    public func resume() async throws(JobsError) -> Bool {
        try await send(RedisCommand("DEL", RedisArgument(keys.suspended))).integer == 1
    }

    private func set(_ key: String, for span: Duration?) async throws(JobsError) {
        if let span {
            guard span > .zero else { throw JobsError(.invalid, "a pause must be longer than zero") }
            try await send(
                RedisCommand("SET", RedisArgument(key), 1, "EX", RedisArgument(span.secondsRoundedUp)))
        } else {
            try await send(RedisCommand("SET", RedisArgument(key), 1))
        }
    }

    /// Removes the jobs that wait in a queue, at most as many as wait when it begins. Registries (failed, scheduled, …)
    /// are left alone, and so are jobs that wait for those removed: they stay deferred, as in RQ.
    ///
    /// - Returns: How many jobs were deleted.
    /// - Throws: ``JobsError`` with `redis`; what was deleted before that stays deleted.
    @discardableResult
    public func empty(_ queue: QueueName) async throws(JobsError) -> Int {
        var left = Int(try await send(RedisCommand("LLEN", RedisArgument(keys.queue(queue)))).integer ?? 0)
        var deleted = 0
        while left > 0 {
            let count = min(left, Self.batch)
            let reply = try await run(JobScripts.empty, RedisArgument(queue.text), RedisArgument(count))
            let entries = Int(reply.array?.first?.integer ?? 0)
            deleted += Int(reply.array?.last?.integer ?? 0)
            if entries == 0 { break }
            left -= entries
        }
        return deleted
    }

    /// One that failed, or was stopped.
    public struct FailedJob: Sendable, Hashable {
        public let id: JobID
        public let status: JobStatus
        public let description: String
        public let endedAt: WallTime?
        /// The last line of its failure: with Python's tracebacks the one that tells.
        public let reason: String
    }

    /// The failed jobs of a queue, the newest first: `limit` of them (at most 10000) after `offset`. Entries whose
    /// record has expired are left out.
    ///
    /// - Throws: ``JobsError`` with `redis`, or `unreadable` for a result that is not RQ's.
    public func failed(
        _ queue: QueueName, limit: Int = 100, offset: Int = 0
    ) async throws(JobsError) -> [FailedJob] {
        let first = max(0, offset)
        let last = first + min(max(1, limit), 10_000) - 1
        let reply = try await send(
            RedisCommand(
                "ZREVRANGE", RedisArgument(keys.registry(.failed, of: queue)), RedisArgument(first),
                RedisArgument(last)))
        let ids = (reply.array ?? []).compactMap(\.text).filter(JobID.isValid).map { JobID(unchecked: $0) }
        let commands = ids.flatMap { id in
            [
                RedisCommand("HMGET", RedisArgument(keys.job(id)), "status", "description", "ended_at", "data"),
                RedisCommand("XREVRANGE", RedisArgument(keys.results(id)), "+", "-", "COUNT", 1),
            ]
        }
        let outcomes = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.pipeline(commands)
        }
        var jobs: [FailedJob] = []
        for (index, id) in ids.enumerated() {
            let record: RedisReply, results: RedisReply
            do {
                record = try outcomes[index * 2].get()
                results = try outcomes[index * 2 + 1].get()
            } catch { throw JobsError(error) }
            guard let fields = record.array, fields.count == 4, !fields[3].isNull,
                let status = fields[0].text.flatMap(JobStatus.init(rawValue:))
            else { continue }
            let result = try Queue.newest(of: id, entries: results.array ?? [])
            jobs.append(
                FailedJob(
                    id: id, status: status, description: fields[1].text ?? "",
                    endedAt: fields[2].text.flatMap(RQTime.parse), reason: Self.lastLine(result?.failure ?? "")))
        }
        return jobs
    }

    private static func lastLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? ""
    }

    /// What ``requeueFailed(_:)`` did.
    public struct RequeueTally: Sendable, Hashable, Codable {
        public var requeued = 0
        /// Entries whose record had expired; they were removed.
        public var vanished = 0

        public init() {}
    }

    /// Enqueues again, oldest first, all jobs of a queue that have failed until now; in batches, each of which is
    /// atomic. A job that fails again meanwhile is not enqueued a second time.
    ///
    /// - Throws: ``JobsError`` with `redis`; what was requeued before that stays so, and the rest stays failed.
    @discardableResult
    public func requeueFailed(_ queue: QueueName) async throws(JobsError) -> RequeueTally {
        let key = RedisArgument(keys.registry(.failed, of: queue))
        var left = Int(try await send(RedisCommand("ZCARD", key)).integer ?? 0)
        var tally = RequeueTally()
        var passed = 0
        var before = ""
        while left > 0 {
            let reply = try await run(
                JobScripts.requeueFailed, RedisArgument(queue.text), RedisArgument(min(left, Self.batch)),
                RedisArgument(passed), RedisArgument(before))
            let parts = reply.array ?? []
            guard parts.count == 4, let time = parts[0].text else { break }
            let counts = parts.dropFirst().map { Int($0.integer ?? 0) }
            before = time
            tally.requeued += counts[0]
            tally.vanished += counts[1]
            passed += counts[2]
            let seen = counts.reduce(0, +)
            if seen == 0 { break }
            left -= seen
        }
        return tally
    }
}
