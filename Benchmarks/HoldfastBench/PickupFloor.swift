import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// How fast an idle worker in C picks jobs up, in two round trips after the one that gives it the job: the limit of any
/// worker on this machine, with bare commands and with our scripts.
struct PickupFloor {
    let configuration: RedisConfiguration
    let port: Int
    let load: JobLoad

    private static let queue = "floor-pickup"
    private static let data: RedisArgument = "[\"bench.pickup\", null, [1], {}]"
    private var prefix: String { JobLoad.keys.prefix }
    private var list: RedisArgument { RedisArgument("\(prefix):queue:\(Self.queue)") }

    private func ids(_ kind: String) -> [String] { (0..<load.pickups).map { "\(kind)-\($0)" } }

    /// An id is pushed, popped by BLPOP, and its record is read.
    func bare() async throws -> Latencies {
        let ids = ids("bare")
        let client = RedisClient(configuration)
        for id in ids {
            let record = RedisArgument("\(prefix):job:\(id)")
            try await client.send(
                RedisCommand("HSET", record, "data", Self.data, "status", "queued", "timeout", "180", "origin", "floor")
            )
        }
        await client.close()
        return try pickUp(
            pushes: ids.map { RedisCommand.encodePrefix("RPUSH", [list, RedisArgument($0)], missing: 0) },
            wait: RedisCommand.encodePrefix("BLPOP", [list, 5], missing: 0),
            claims: ids.map {
                let record = RedisArgument("\(prefix):job:\($0)")
                return RedisCommand.encodePrefix("HMGET", [record, "data", "status", "timeout", "origin"], missing: 0)
            }, least: 4)
    }

    /// What our producers, watchers and workers send.
    func ours() async throws -> Latencies {
        try await JobScripts.learn(from: configuration)
        let runtime = LiveRuntime()
        let (enqueue, take) = (try JobScripts.script("enqueue"), try JobScripts.script("take"))
        let (prefix, ids) = (RedisArgument(prefix), ids("ours"))
        return try pickUp(
            pushes: ids.map { id in
                enqueue.encodeCall(
                    keys: [],
                    arguments: [
                        prefix, RedisArgument(Self.queue), "", 1, 4, "origin", RedisArgument(Self.queue), "timeout",
                        "180", RedisArgument(id), Self.data, "bench.pickup(1)",
                    ])
            },
            wait: RedisCommand.encodePrefix("BLMOVE", [list, list, "LEFT", "LEFT", 5], missing: 0),
            claims: ids.map { _ in
                take.encodeCall(
                    keys: [],
                    arguments: [
                        prefix, "floor", 15_000, 600, 1, RedisArgument(runtime.randomHex(bytes: 12)), "180", "500",
                        RedisArgument(Self.queue),
                    ])
            }, least: 6)
    }

    private func pickUp(pushes: [[UInt8]], wait: [UInt8], claims: [[UInt8]], least: Int) throws -> Latencies {
        try Floor.pickUp(
            every: load.pickupInterval, port: port, pushes: Floor.Round(pushes.map { [$0] }),
            wait: Floor.Round([[wait]]), claims: Floor.Round(claims.map { [$0] }), least: least)
    }
}

extension JobScripts {
    struct Unknown: Error, CustomStringConvertible {
        var description: String
    }

    /// Loads the scripts into a server, which tells their digests.
    static func learn(from configuration: RedisConfiguration) async throws {
        let client = RedisClient(configuration, scripts: all)
        try await client.ready()
        await client.close()
    }

    static func script(_ name: String) throws -> RedisScript {
        guard let script = all.first(where: { $0.name == name }) else {
            throw Unknown(description: "there is no script \(name)")
        }
        return script
    }
}
