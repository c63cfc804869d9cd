import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// The limits of any worker, pipelined, with nothing run, decoded, renewed or reported in between: of one that uses our
/// scripts (``run()``), and of one that writes what RQ's readers want without any (``runBare()``).
struct JobFloor {
    private let configuration: RedisConfiguration
    private let jobs: Int
    private static let batch = 256
    private static let queue = "floor"

    init(_ configuration: RedisConfiguration, jobs: Int) {
        self.configuration = configuration
        self.jobs = jobs
    }

    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    /// Batches are taken and recorded by our scripts.
    func run() async throws -> JobResult {
        try await measure { client in
            let digits = { client.runtime.randomHex(bytes: 12) }
            var done = 0
            var (own, next) = (digits(), digits())
            var taken = try await client.send(try take(own)).array ?? []
            while taken.count > 5 {
                let replies = try await client.pipeline([try complete(taken, own), try take(next)])
                done += finished(try replies[0].get(), of: (taken.count - 7) / 4)
                taken = try replies[1].get().array ?? []
                (own, next) = (next, digits())
            }
            return done
        }
    }

    /// The same records by bare commands: no lease, no test of ownership, and a crash in the middle loses jobs.
    func runBare() async throws -> JobResult {
        try await measure { client in
            let prefix = JobLoad.keys.prefix
            let pop = RedisCommand("LPOP", RedisArgument("\(prefix):queue:\(Self.queue)"), RedisArgument(Self.batch))
            var done = 0
            var ids = try await client.send(pop).array ?? []
            while !ids.isEmpty {
                let jobs = ids.compactMap(\.text)
                let replies = try await client.pipeline(
                    begin(jobs, prefix) + jobs.flatMap { finish($0, prefix) } + settle(jobs, prefix) + [pop])
                for reply in replies.dropLast() { _ = try reply.get() }
                done += jobs.count
                ids = try replies[replies.count - 1].get().array ?? []
            }
            return done
        }
    }

    private func measure(_ drain: (RedisClient) async throws -> Int) async throws -> JobResult {
        let client = RedisClient(configuration, scripts: JobScripts.all)
        try await client.ready()
        let queue = Queue(try QueueName(Self.queue), client: client, keys: JobLoad.keys)
        let text = String(repeating: "x", count: 64)
        for start in stride(from: 0, to: jobs, by: 1000) {
            try await queue.enqueue(try (start..<min(start + 1000, jobs)).map { try NewJob("bench.nothing", $0, text) })
        }
        let cpu = ProcessTime.used
        let began = client.runtime.now
        let done = try await drain(client)
        let elapsed = began.duration(to: client.runtime.now)
        await client.close()
        guard done == jobs else { throw Missing(description: "\(done) of \(jobs) jobs were finished") }
        var result = JobResult(drain: Double(jobs) / elapsed.seconds)
        result.clientCPU = (ProcessTime.used - cpu).seconds * 1e6 / Double(jobs)
        return result
    }

    // MARK: - Our scripts

    private func take(_ digits: String) throws -> RedisCommand {
        try JobScripts.script("take").command(
            keys: [],
            arguments: [
                RedisArgument(JobLoad.keys.prefix), "floor", 15_000, 600, RedisArgument(Self.batch),
                RedisArgument(digits), "180", "500", RedisArgument(Self.queue),
            ])
    }

    /// Of one queue's jobs: behind its name and their number stand four parts each, the id first.
    private func complete(_ taken: [RedisReply], _ digits: String) throws -> RedisCommand {
        let count = (taken.count - 7) / 4
        var arguments: [RedisArgument] = [
            RedisArgument(JobLoad.keys.prefix), "floor", 1, RedisArgument(Self.queue), "500", "0.001",
            RedisArgument(count),
        ]
        for place in 1...count {
            arguments += [
                RedisArgument(taken[3 + 4 * place].bytes ?? []),
                RedisArgument(JobScripts.executionID(digits, place: place)),
                "1700000000.000000", "",
            ]
        }
        return try JobScripts.script("complete").command(keys: [], arguments: arguments)
    }

    /// How many have finished: the script says it once, if all of them have.
    private func finished(_ reply: RedisReply, of count: Int) -> Int {
        guard let section = reply.array?.last else { return 0 }
        return section.text == "finished" ? count : (section.array ?? []).count { $0.text == "finished" }
    }

    // MARK: - Bare commands

    private static let time: RedisArgument = "2026-01-01T00:00:00.000000Z"
    private static let seconds: RedisArgument = "1700000000.000000"

    private func begin(_ jobs: [String], _ prefix: String) -> [RedisCommand] {
        let claims = jobs.flatMap { [RedisArgument(1_700_000_000), RedisArgument("\($0):0")] }
        return [RedisCommand("ZADD", arguments: [RedisArgument("\(prefix):wip:\(Self.queue)")] + claims)]
            + jobs.flatMap { job in
                let hash = RedisArgument("\(prefix):job:\(job)")
                return [
                    RedisCommand("HMGET", hash, "data", "status", "timeout", "origin"),
                    RedisCommand("HSET", hash, "status", "started", "started_at", Self.time, "worker_name", "floor"),
                ]
            }
    }

    private func finish(_ job: String, _ prefix: String) -> [RedisCommand] {
        let hash = RedisArgument("\(prefix):job:\(job)")
        let results = RedisArgument("\(prefix):results:\(job)")
        return [
            RedisCommand("HSET", hash, "status", "finished", "ended_at", Self.time),
            RedisCommand(
                "XADD", results, "MAXLEN", "~", "10", "*", "type", "1", "worker_name", "floor", "execution_id", "0",
                "execution_started_at", Self.seconds, "execution_ended_at", Self.seconds),
            RedisCommand("EXPIRE", results, 500), RedisCommand("EXPIRE", hash, 500),
        ]
    }

    private func settle(_ jobs: [String], _ prefix: String) -> [RedisCommand] {
        let ends = jobs.flatMap { [RedisArgument(1_700_000_500), RedisArgument($0)] }
        return [
            RedisCommand(
                "ZREM",
                arguments: [RedisArgument("\(prefix):wip:\(Self.queue)")] + jobs.map { RedisArgument("\($0):0") }),
            RedisCommand("ZADD", arguments: [RedisArgument("\(prefix):finished:\(Self.queue)")] + ends),
        ]
    }
}
