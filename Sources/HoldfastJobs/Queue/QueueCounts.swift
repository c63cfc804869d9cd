import HoldfastRedis

/// How many jobs of a queue are in each state.
public struct QueueCounts: Sendable, Hashable, Codable {
    public let queued: Int
    public let started: Int
    public let finished: Int
    public let failed: Int
    public let deferred: Int
    public let scheduled: Int
    public let canceled: Int

    init(queued: Int, started: Int, finished: Int, failed: Int, deferred: Int, scheduled: Int, canceled: Int) {
        self.queued = queued
        self.started = started
        self.finished = finished
        self.failed = failed
        self.deferred = deferred
        self.scheduled = scheduled
        self.canceled = canceled
    }

    static func commands(_ queue: QueueName, _ keys: RQKeys) -> [RedisCommand] {
        let registries: [RQKeys.Registry] = [.started, .finished, .failed, .deferred, .scheduled, .canceled]
        return [RedisCommand("LLEN", RedisArgument(keys.queue(queue))).idempotent]
            + registries.map { RedisCommand("ZCARD", RedisArgument(keys.registry($0, of: queue))).idempotent }
    }

    static let commandCount = 7

    init(_ outcomes: some Collection<Result<RedisReply, RedisError>>) throws(JobsError) {
        var numbers: [Int] = []
        for outcome in outcomes {
            switch outcome {
            case .success(let reply): numbers.append(Int(reply.integer ?? 0))
            case .failure(let error): throw JobsError(error)
            }
        }
        precondition(numbers.count == Self.commandCount, "one number a command")
        queued = numbers[0]
        started = numbers[1]
        finished = numbers[2]
        failed = numbers[3]
        deferred = numbers[4]
        scheduled = numbers[5]
        canceled = numbers[6]
    }
}
