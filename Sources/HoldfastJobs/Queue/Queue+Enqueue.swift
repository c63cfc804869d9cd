import HoldfastRedis

extension Queue {
    /// The bound of one ``enqueue(_:)-(_)`` call.
    public static var maximumBatch: Int { 10_000 }

    /// Enqueues a typed job, with its type's options and then these.
    ///
    ///     let id = try await queue.enqueue(Resize(path: "cat.png"), .delay(.seconds(5)), .retry(.exponential(5)))
    /// - Returns: the job's id; that of the live job, if ``JobOptions/UniqueKey/WhenLive/adopt`` says so.
    /// - Throws: ``JobsError``: `alreadyLive` when a job of this id or unique key is live (nothing is written then),
    ///   `invalid`, `unreadable`, `tooLarge`, or `redis`. If that says `outcomeUnknown`, enqueueing again under the
    ///   same id is safe: it either succeeds or finds the first one live.
    @discardableResult
    public func enqueue(_ job: some Job, _ options: JobOption...) async throws(JobsError) -> JobID {
        try await enqueue([NewJob(job, options: options)])[0]
    }

    /// Enqueues a call of a function by its name, such as one in Python.
    /// - Returns: as ``enqueue(_:_:)``.
    /// - Throws: as ``enqueue(_:_:)``.
    @discardableResult
    public func enqueue(
        _ function: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:],
        options: JobOptions = JobOptions()
    ) async throws(JobsError) -> JobID {
        let payload = try JobPayload(function: function, arguments: arguments, keywords: keywords)
        return try await enqueue([NewJob(payload, options: options)])[0]
    }

    /// Enqueues several jobs in one round trip and one atomic step: all or, when any is live already, none.
    ///
    /// A job may wait for others of the list, if they stand before it.
    /// - Returns: their ids, in the order of `jobs`.
    /// - Throws: as ``enqueue(_:_:)``; ``JobsError/ids`` names the live ones.
    @discardableResult
    public func enqueue(_ jobs: [NewJob]) async throws(JobsError) -> [JobID] {
        guard jobs.count <= Self.maximumBatch else {
            throw JobsError(.invalid, "at most \(Self.maximumBatch) jobs can be enqueued at once, not \(jobs.count)")
        }
        guard !jobs.isEmpty else { return [] }
        let ids = jobs.map { $0.options.id ?? .fresh(client.runtime) }
        try Self.validate(jobs, ids)
        let arguments = try EnqueueSection.arguments(
            prefix: keys.prefix, queue: name, zip(jobs, ids), trace: TraceCarrier.current()?.encoded)
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(JobScripts.enqueue, keys: [], arguments: arguments)
        }
        let parts = (reply.array ?? []).compactMap(\.text)
        let answered = parts.dropFirst().map { JobID(unchecked: $0) }
        guard parts.first == "live" else { return answered.isEmpty ? ids : answered }
        let names = answered.prefix(5).map(\.text).joined(separator: ", ")
        let verb = answered.count > 5 ? " and \(answered.count - 5) more are" : " is"
        var error = JobsError(
            .alreadyLive, "the job \(names)\(verb) live already: wait for its end, or use another id or unique key")
        error.ids = answered
        throw error
    }

    private static func validate(_ jobs: [NewJob], _ ids: [JobID]) throws(JobsError) {
        // Ids that are drawn here differ.
        guard jobs.contains(where: { $0.options.isNamed }) else { return }
        let places = Dictionary(zip(ids, ids.indices), uniquingKeysWith: { first, _ in first })
        var keys: Set<String> = []
        for (index, job) in jobs.enumerated() {
            guard places[ids[index]] == index else {
                throw JobsError(.invalid, "the job id \(ids[index]) occurs twice among the jobs to enqueue")
            }
            if let key = job.options.unique?.text, !keys.insert(key).inserted {
                throw JobsError(.invalid, "the unique key \(key) occurs twice among the jobs to enqueue")
            }
            for dependency in job.options.dependencies {
                guard places[dependency] ?? -1 < index else {
                    throw JobsError(
                        .invalid, "the job \(ids[index]) waits for \(dependency), which must stand before it")
                }
            }
        }
    }
}
