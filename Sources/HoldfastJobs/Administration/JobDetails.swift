import HoldfastRedis

/// All that is known of one job, at one time.
public struct JobDetails: Sendable, Hashable {
    public let job: JobRecord
    /// The newest result.
    public let result: JobResult?
    /// How many jobs of its queue come before it, while it waits there.
    public let position: Int?
    /// When its record expires; nil for never.
    public let expiresIn: Duration?
    /// The jobs that it waits for, or waited for.
    public let dependencies: [JobID]
    /// The jobs that wait for it.
    public let dependents: [JobID]
}

extension JobAdministration {
    /// - Throws: ``JobsError`` with `noSuchJob`; `unreadable` for a record that is not RQ's; `redis`.
    public func details(of id: JobID) async throws(JobsError) -> JobDetails {
        let key = keys.job(id)
        let outcomes = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.pipeline([
                RedisCommand("HGETALL", RedisArgument(key)),
                RedisCommand("XREVRANGE", RedisArgument(keys.results(id)), "+", "-", "COUNT", 1),
                RedisCommand("PTTL", RedisArgument(key)),
                RedisCommand("SMEMBERS", RedisArgument("\(keys.prefix):job::\(id):dependencies")),
                RedisCommand("SMEMBERS", RedisArgument("\(key):dependents")),
            ])
        }
        var replies: [RedisReply] = []
        for outcome in outcomes {
            do { replies.append(try outcome.get()) } catch { throw JobsError(error) }
        }
        let fields = HashFields.read(replies[0])
        guard fields["data"] != nil else { throw noSuchJob(id) }
        let job = try JobRecord(id: id, fields: fields)
        var position: Int?
        if job.status == .queued {
            let found = try await send(
                RedisCommand("LPOS", RedisArgument(keys.queue(job.queue)), RedisArgument(id.text)))
            position = found.integer.map { Int($0) }
        }
        let left = replies[2].integer ?? -1
        return JobDetails(
            job: job, result: try Queue.newest(of: id, entries: replies[1].array ?? []), position: position,
            expiresIn: left >= 0 ? .milliseconds(left) : nil, dependencies: Self.ids(replies[3]),
            dependents: Self.ids(replies[4]))
    }

    private static func ids(_ reply: RedisReply) -> [JobID] {
        (reply.array ?? []).compactMap(\.text).filter(JobID.isValid).sorted().map { JobID(unchecked: $0) }
    }
}
