import HoldfastCluster
import HoldfastRedis

/// GET on one connection, against blocking C on the same server.
struct RedisBenchmark {
    let cluster: LocalCluster
    let seconds: Double

    func run() async throws {
        let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
        try await client.send(RedisCommand("SET", "bench", "0123456789"))
        let command = RedisCommand("GET", "bench")
        let floor = try await Floor(ports: [cluster.stores[0].port]).measure("C floor: GET", seconds) { _ in
            [[RedisCommand.encodePrefix("GET", ["bench"], missing: 0)]]
        }
        print(floor.row(callers: 1, floor: nil))
        for callers in [1, 16, 256] {
            let result = try await Measurement.closedLoop("GET", callers: callers, seconds: seconds) { _, _ in
                try await client.send(command)
            }
            print(result.row(callers: callers, floor: floor.perSecond))
        }
        let counters = client.writeCounters
        print("  commands per write: \(counters.commands / max(1, counters.batches))")
        await client.close()
    }
}
