public import HoldfastRedis

/// What went wrong with a job, a queue or a worker, in one sentence that says what to do.
public struct JobsError: Error, Sendable, Hashable {
    /// The kind of failure. New kinds may be added; switch with a default.
    public enum Code: String, Sendable, Hashable {
        /// An id, a queue's name, a function's name or an option is not usable.
        case invalid
        /// A job of this id is waiting or running; nothing was written.
        case alreadyLive
        /// There is no job of this id (or it has expired).
        case noSuchJob
        /// There is no worker of this name (any more).
        case noSuchWorker
        /// The job or the worker is not in a state that allows it; the message says in which it is.
        case wrongState
        /// A payload or a result is larger than its bound.
        case tooLarge
        /// A value cannot be written as JSON, or is not what the reader expects.
        case unreadable
        /// The payload is a Python pickle.
        case pickled
        /// Nothing came before the deadline.
        case timedOut
        /// The worker was given no lock nodes.
        case noLocks
        /// Another live worker has this name.
        case nameInUse
        /// Redis failed; ``JobsError/redis`` says how, and what is known about the outcome.
        case redis
    }

    public var code: Code
    /// One sentence for people.
    public var message: String
    /// The failure of the client, for the code `redis`.
    public var redis: RedisError?
    /// The ids that are live, for the code `alreadyLive`.
    public var ids: [JobID] = []

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: RedisError) {
        self.init(.redis, error.description)
        redis = error
    }

    /// - Parameter rule: What `invalid` says where it does not hold.
    static func require(_ condition: Bool, _ rule: String) throws(JobsError) {
        if !condition { throw JobsError(.invalid, rule) }
    }

    /// Runs what only fails with the client's errors.
    static func wrapping<Value>(
        _ body: () async throws(RedisError) -> Value
    ) async throws(JobsError) -> Value {
        do { return try await body() } catch { throw JobsError(error) }
    }
}

extension JobsError: CustomStringConvertible {
    public var description: String { message }
}
