import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// The limit of any worker that uses our scripts: batches are taken and recorded, pipelined, and nothing is run,
/// decoded, renewed or reported in between.
struct JobFloor {
    private let configuration: RedisConfiguration
    private let jobs: Int
    private static let batch = 256

    init(_ configuration: RedisConfiguration, jobs: Int) {
        self.configuration = configuration
        self.jobs = jobs
    }

    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    func run() async throws -> JobResult {
        let client = RedisClient(configuration, scripts: JobScripts.all)
        try await client.ready()
        let queue = Queue(try QueueName("floor"), client: client, keys: JobLoad.keys)
        let text = String(repeating: "x", count: 64)
        for start in stride(from: 0, to: jobs, by: 1000) {
            try await queue.enqueue(try (start..<min(start + 1000, jobs)).map { try NewJob("bench.nothing", $0, text) })
        }
        let runtime = client.runtime
        let cpu = ProcessTime.used
        let began = runtime.now
        var done = 0
        var taken = try await client.send(try take(runtime)).array ?? []
        while taken.count > 5 {
            let replies = try await client.pipeline([try complete(taken.dropFirst(5)), try take(runtime)])
            done += (try replies[0].get().array ?? []).dropFirst().count { $0.text == "finished" }
            taken = try replies[1].get().array ?? []
        }
        let elapsed = began.duration(to: runtime.now)
        await client.close()
        guard done == jobs else { throw Missing(description: "the scripts finished \(done) of \(jobs) jobs") }
        var result = JobResult(drain: Double(jobs) / elapsed.seconds)
        result.clientCPU = (ProcessTime.used - cpu).seconds * 1e6 / Double(jobs)
        return result
    }

    private func script(_ name: String) throws -> RedisScript {
        guard let script = JobScripts.all.first(where: { $0.name == name }) else {
            throw Missing(description: "there is no script \(name)")
        }
        return script
    }

    private func take(_ runtime: any Runtime) throws -> RedisCommand {
        try script("take").command(
            keys: [],
            arguments: [
                RedisArgument(JobLoad.keys.prefix), "floor", 15_000, 600, RedisArgument(Self.batch),
                RedisArgument(runtime.randomHex(bytes: 12)), "floor",
            ])
    }

    private func complete(_ taken: ArraySlice<RedisReply>) throws -> RedisCommand {
        var arguments: [RedisArgument] = [RedisArgument(JobLoad.keys.prefix), "floor"]
        for job in taken {
            let parts = job.array ?? []
            arguments += parts.prefix(3).map { RedisArgument($0.bytes ?? []) }
            arguments += ["1700000000.000000", "0.001", "value", "", "", "500"]
        }
        return try script("complete").command(keys: [], arguments: arguments)
    }
}
