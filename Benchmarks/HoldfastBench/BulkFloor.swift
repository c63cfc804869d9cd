import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// How fast jobs get into a queue by the thousand, from one thread of C that has them ready: the limit of any producer
/// on this machine, with bare commands and with our script.
struct BulkFloor {
    let configuration: RedisConfiguration
    let port: Int
    let load: JobLoad

    private static let queue = "floor-bulk"
    private static let time: RedisArgument = "2026-01-01T00:00:00.000000Z"
    private var prefix: String { JobLoad.keys.prefix }
    /// As many calls as the load makes, but what is ready must fit in the memory.
    private var calls: Int { max(1, min(load.jobs / JobLoad.bulk, 50)) }

    private struct Job {
        let id: RedisArgument
        let data: RedisArgument
        let description: RedisArgument
    }

    /// A hash each, and their ids at the end of a list: jobs a second.
    func bare() throws -> Double {
        try measure { jobs in
            let list = RedisArgument("\(prefix):queue:\(Self.queue)")
            return jobs.map { job in
                RedisCommand.encodePrefix(
                    "HSET",
                    [
                        RedisArgument(Array("\(prefix):job:".utf8) + job.id.bytes), "status", "queued", "created_at",
                        Self.time, "enqueued_at", Self.time, "data", job.data, "description", job.description,
                        "origin", RedisArgument(Self.queue), "timeout", "180",
                    ], missing: 0)
            } + [RedisCommand.encodePrefix("RPUSH", [list] + jobs.map(\.id), missing: 0)]
        }
    }

    /// What our producers send: jobs a second.
    func ours() async throws -> Double {
        try await JobScripts.learn(from: configuration)
        let enqueue = try JobScripts.script("enqueue")
        let queue = RedisArgument(Self.queue)
        return try measure { jobs in
            let shared: [RedisArgument] = [
                RedisArgument(prefix), queue, "", RedisArgument(jobs.count), 4, "origin", queue, "timeout", "180",
            ]
            let arguments = shared + jobs.flatMap { [$0.id, $0.data, $0.description] }
            return [enqueue.encodeCall(keys: [], arguments: arguments)]
        }
    }

    private func measure(_ commands: ([Job]) -> [[UInt8]]) throws -> Double {
        let text = String(repeating: "x", count: load.payload)
        let runtime = LiveRuntime()
        let rounds = (0..<calls).map { _ in
            let jobs = (0..<JobLoad.bulk).map { number in
                Job(
                    id: RedisArgument(JobID.fresh(runtime).text),
                    data: RedisArgument("[\"bench.nothing\", null, [\(number), \"\(text)\"], {}]"),
                    description: RedisArgument("bench.nothing(\(number), \"\(text)\")"))
            }
            return Floor.Round([commands(jobs)])
        }
        let floor = try Floor(ports: [port])
        let start = runtime.now
        for round in rounds { try floor.run(round) }
        return Throughput(operations: calls * JobLoad.bulk, elapsed: start.duration(to: runtime.now)).perSecond
    }
}
