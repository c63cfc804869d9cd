import HoldfastCluster
import HoldfastMeasurement
import HoldfastRedis

/// GET on one connection, against blocking C on the same server.
struct RedisBenchmark {
    let cluster: LocalCluster
    let span: Duration

    func run() async throws {
        let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
        try await client.send(RedisCommand("SET", "bench", "0123456789"))
        let command = RedisCommand("GET", "bench")
        let server = try Floor(ports: [cluster.stores[0].port])
        let get = Floor.Round([[RedisCommand.encodePrefix("GET", ["bench"], missing: 0)]])
        let floor = try await Throughput.closedLoop(callers: 1, for: span) { _, _ in try server.run(get) }
        print(Row.of("C floor: GET", floor, callers: 1))
        for callers in [1, 16, 256] {
            let result = try await Throughput.closedLoop(callers: callers, for: span) { _, _ in
                try await client.send(command)
            }
            print(Row.of("GET", result, callers: callers, floor: floor))
        }
        let counters = client.writeCounters
        print("  commands per write: \(counters.commands / max(1, counters.batches))")
        await client.close()
    }
}
