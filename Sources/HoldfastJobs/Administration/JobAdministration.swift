public import HoldfastRedis

/// What an operator does to the jobs, queues and workers of a store; Python's included.
///
/// A value: it owns nothing. The client should know ``JobScripts/all``. Every change is one script, so it applies as a
/// whole or not at all, and never to a job that a worker has taken meanwhile. All of it may be repeated after an
/// unknown outcome.
public struct JobAdministration: Sendable {
    public let client: RedisClient
    public let keys: RQKeys

    public init(_ client: RedisClient, keys: RQKeys = .standard) {
        self.client = client
        self.keys = keys
    }

    /// What became of the jobs that wait for one that was canceled or deleted.
    public struct Dependents: Sendable, Hashable, Codable {
        /// They were enqueued, or wait for others of their dependencies only.
        public let enqueued: Int
        /// They stay deferred: cancel or delete them too.
        public let waiting: Int
    }

    @discardableResult
    func run(_ script: RedisScript, _ arguments: RedisArgument...) async throws(JobsError) -> RedisReply {
        let call = [RedisArgument(keys.prefix)] + arguments
        return try await JobsError.wrapping { () async throws(RedisError) in
            try await client.run(script, keys: [], arguments: call)
        }
    }

    @discardableResult
    func send(_ command: RedisCommand) async throws(JobsError) -> RedisReply {
        try await JobsError.wrapping { () async throws(RedisError) in try await client.send(command.idempotent) }
    }

    func noSuchJob(_ id: JobID) -> JobsError {
        JobsError(.noSuchJob, "there is no job \(id): it was never enqueued, has expired or was deleted")
    }
}
