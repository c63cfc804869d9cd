import HoldfastRedis

extension Queue {
    /// The bound of one ``enqueue(_:)-(_)`` call.
    public static var maximumBatch: Int { 10_000 }

    /// Enqueues a call of `function`.
    /// - Returns: the job's id.
    /// - Throws: ``JobsError``: `alreadyLive` when a job of this id waits or runs (nothing is written then),
    ///   `invalid`, `unreadable`, `tooLarge`, or `redis`. If that says `outcomeUnknown`, enqueueing again under the
    ///   same id is safe: it either succeeds or finds the first one live.
    @discardableResult
    public func enqueue(
        _ function: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:],
        options: JobOptions = JobOptions()
    ) async throws(JobsError) -> JobID {
        let payload = try JobPayload(function: function, arguments: arguments, keywords: keywords)
        return try await enqueue([NewJob(payload, options: options)])[0]
    }

    /// Enqueues several jobs in one round trip and one atomic step: all or, when any id is live, none.
    /// - Returns: their ids, in the order of `jobs`.
    /// - Throws: as ``enqueue(_:_:keywords:options:)``; ``JobsError/ids`` names the live ones.
    @discardableResult
    public func enqueue(_ jobs: [NewJob]) async throws(JobsError) -> [JobID] {
        guard jobs.count <= Self.maximumBatch else {
            throw JobsError(.invalid, "at most \(Self.maximumBatch) jobs can be enqueued at once, not \(jobs.count)")
        }
        guard !jobs.isEmpty else { return [] }
        var ids: [JobID] = []
        var seen: Set<JobID> = []
        var arguments: [RedisArgument] = [RedisArgument(keys.prefix), RedisArgument(jobs.count)]
        let trace = TraceCarrier.current()?.encoded
        for job in jobs {
            let id = job.options.id ?? .fresh(client.runtime)
            guard seen.insert(id).inserted else {
                throw JobsError(.invalid, "the job id \(id) occurs twice among the jobs to enqueue")
            }
            ids.append(id)
            var fields = try job.fields(queue: name)
            if let trace { fields.append((TraceCarrier.field, trace)) }
            arguments += [
                RedisArgument(name.text), RedisArgument(id.text), job.options.atFront ? 1 : 0,
                RedisArgument(job.options.queueTTL?.secondsRoundedUp ?? 0), RedisArgument(fields.count * 2),
            ]
            for (field, value) in fields { arguments += [RedisArgument(field), RedisArgument(value)] }
        }
        let script = arguments
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(JobScripts.enqueue, keys: [], arguments: script)
        }
        let live = (reply.array ?? []).compactMap(\.text).map { JobID(unchecked: $0) }
        guard live.isEmpty else {
            let names = live.prefix(5).map(\.text).joined(separator: ", ")
            var error = JobsError(
                .alreadyLive,
                "the job \(names)\(live.count > 5 ? " and \(live.count - 5) more are" : " is") live already: "
                    + "wait for its end, or use another id")
            error.ids = live
            throw error
        }
        return ids
    }
}
