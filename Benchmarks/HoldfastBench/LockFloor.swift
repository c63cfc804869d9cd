import HoldfastCluster
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// SET NX PX with a counter, and a conditional DEL, from blocking C that returns at the majority: the least that a
/// fenced lock can send. It has no validity, no admission, no high-water mark and no waiters.
struct LockFloor {
    private static let take =
        "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 10000) then return redis.call('INCR', KEYS[2]) end return 0"
    private static let free =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

    private let servers: Floor
    private let takeDigest: RedisArgument
    private let freeDigest: RedisArgument

    init(_ cluster: LocalCluster) async throws {
        servers = try Floor(ports: cluster.nodes.map(\.port))
        var digests: [RedisArgument] = []
        for node in cluster.nodes {
            let client = RedisClient(try RedisConfiguration(url: node.url))
            digests = []
            for script in [Self.take, Self.free] {
                let reply = try await client.send(RedisCommand("SCRIPT", "LOAD", RedisArgument(script)))
                digests.append(RedisArgument(reply.text ?? ""))
            }
            await client.close()
        }
        (takeDigest, freeDigest) = (digests[0], digests[1])
    }

    func run(for span: Duration) async throws -> LockResult {
        let runtime = LiveRuntime()
        let before = ProcessTime.used
        let (servers, take, free) = (servers, takeDigest, freeDigest)
        let outcome = try await ClosedLoop(callers: 1, for: span).run(noting: Latencies()) { _, turn, acquire in
            let began = runtime.now
            let owner = RedisArgument("owner-of-turn-\(turn)")
            try servers.round(
                RedisCommand.encodePrefix("EVALSHA", [take, 2, "floor:lock", "floor:fence", owner], missing: 0))
            acquire.record(began.duration(to: runtime.now))
            try servers.round(RedisCommand.encodePrefix("EVALSHA", [free, 1, "floor:lock", owner], missing: 0))
        }
        var result = LockResult()
        result.cycles = outcome.turns
        result.cyclesPerSecond = Double(outcome.turns) / outcome.elapsed.seconds
        result.acquire = .init(outcome.records[0])
        result.clientCPU = (ProcessTime.used - before).seconds * 1e6 / Double(max(1, outcome.turns))
        return result
    }
}
