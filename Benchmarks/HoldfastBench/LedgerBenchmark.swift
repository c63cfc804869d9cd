import HoldfastCluster
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import HoldfastResources

/// Whole transfers: two quorum locks, raise and read, commit, release.
struct LedgerBenchmark {
    let cluster: LocalCluster
    let span: Duration

    func run() async throws {
        let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        _ = try await LockCluster.initialize(configuration)
        let locks = try await LockCluster.connect(configuration)
        let store = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
        let ledger = Ledger("bench", on: store)
        _ = try await ledger.create(
            Dictionary(uniqueKeysWithValues: (0..<128).map { ("account-\($0)", Int64(1_000_000_000)) }))
        for callers in [1, 16, 64] {
            let result = try await Throughput.closedLoop(callers: callers, for: span) {
                caller, turn in
                let transfer = Transfer(from: "account-\(caller * 2)", to: "account-\(caller * 2 + 1)", amount: 1)
                _ = try await ledger.transfer(
                    transfer, key: IdempotencyKey("\(callers):\(caller):\(turn)"), under: locks, who: "bench")
            }
            print(Row.of("fenced transfer", result, callers: callers))
        }
        await locks.close()
        await store.close()
    }
}
