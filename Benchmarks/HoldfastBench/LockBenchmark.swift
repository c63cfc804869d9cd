import HoldfastCluster
import HoldfastLocks
import HoldfastRedis

/// Acquire and release over five nodes, against blocking C that returns at the majority too.
struct LockBenchmark {
    let cluster: LocalCluster
    let seconds: Double

    func run() async throws {
        let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        _ = try await LockCluster.initialize(configuration)
        let floor = try await measureFloor()
        print(floor.row(callers: 1, floor: nil))
        let locks = try await LockCluster.connect(configuration)
        for callers in [1, 16, 64] {
            for (place, executor) in [("on the loop", locks.executor), ("global pool", nil)]
                as [(String, (any TaskExecutor)?)]
            {
                let result = try await Measurement.closedLoop(
                    "lock cycle, own names, \(place)", callers: callers, seconds: seconds, on: executor
                ) { caller, _ in
                    let lease = try await locks.acquire(LockName("own/\(caller)"), wait: .forever)
                    await locks.release(lease)
                }
                print(result.row(callers: callers, floor: floor.perSecond))
            }
        }
        for callers in [2, 8, 64] {
            let result = try await Measurement.closedLoop(
                "lock cycle, one name", callers: callers, seconds: seconds, on: locks.executor
            ) { _, _ in
                let lease = try await locks.acquire(LockName("one"), wait: .forever)
                await locks.release(lease)
            }
            print(result.row(callers: callers, floor: floor.perSecond))
        }
        await locks.close()
    }

    /// SET NX PX with a counter, and a conditional DEL: the least that a fenced lock can send.
    private func measureFloor() async throws -> Measurement {
        let take =
            "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 10000) then return redis.call('INCR', KEYS[2]) end return 0"
        let free = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
        var digests: [RedisArgument] = []
        for node in cluster.nodes {
            let client = RedisClient(try RedisConfiguration(url: node.url))
            digests = []
            for script in [take, free] {
                digests.append(
                    RedisArgument(
                        try await client.send(RedisCommand("SCRIPT", "LOAD", RedisArgument(script))).text ?? ""))
            }
            await client.close()
        }
        let nodes = cluster.nodes.count
        let known = digests
        return try await Floor(ports: cluster.nodes.map(\.port)).measure("C floor: lock cycle", seconds) { turn in
            let owner = RedisArgument("owner-of-turn-\(turn)")
            let acquire = RedisCommand.encodePrefix(
                "EVALSHA", [known[0], 2, "floor:lock", "floor:fence", owner], missing: 0)
            let release = RedisCommand.encodePrefix("EVALSHA", [known[1], 1, "floor:lock", owner], missing: 0)
            return [Array(repeating: acquire, count: nodes), Array(repeating: release, count: nodes)]
        }
    }
}
