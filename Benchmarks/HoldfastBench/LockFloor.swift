import HoldfastCluster
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// Acquire and release from blocking C that goes on at the majority: one thread, which asks for one lock at a time or,
/// as many clients on one connection would, for several at once.
///
/// With the ``least`` scripts it is the floor; with those of the protocol (``ours``) it tells what a lock costs at the
/// nodes from what it costs at the client: no client of these scripts does better on this machine.
struct LockFloor {
    private let servers: Floor
    private let take: Floor.Round
    private let release: Floor.Round
    private let locks: Int

    private typealias Call = (_ name: String, _ runID: String) -> [UInt8]

    /// SET NX PX with a counter, and a conditional DEL: the least that a fenced lock can send. It has no validity, no
    /// admission, no high-water mark and no waiters.
    static func least(_ cluster: LocalCluster, locks: Int) async throws -> LockFloor {
        let take = RedisScript(
            name: "floor-take",
            "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 10000) then return redis.call('INCR', KEYS[2]) end return 0"
        )
        let free = RedisScript(
            name: "floor-free",
            "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")
        return try await LockFloor(
            cluster, scripts: [take, free], locks: locks,
            take: { name, _ in
                take.encodeCall(
                    keys: [RedisArgument("floor:lock:\(name)"), RedisArgument("floor:fence:\(name)")],
                    arguments: [Self.owner])
            },
            release: { name, _ in
                free.encodeCall(keys: [RedisArgument("floor:lock:\(name)")], arguments: [Self.owner])
            })
    }

    /// What a client of an admitted cluster sends.
    static func ours(_ cluster: LocalCluster, locks: Int) async throws -> LockFloor {
        let keys = LockKeys(prefix: try LockClusterConfiguration(urls: cluster.nodeURLs).prefix)
        return try await LockFloor(
            cluster, scripts: [LockScripts.grant, LockScripts.release], locks: locks,
            take: { name, runID in
                let name = Self.name(name)
                return LockScripts.grant.encodeCall(
                    keys: [keys.owner(name), keys.counter(name), keys.node],
                    arguments: [Self.owner, 10_000, 0, RedisArgument(runID)])
            },
            release: { name, _ in
                let name = Self.name(name)
                return LockScripts.release.encodeCall(
                    keys: [keys.owner(name)], arguments: [Self.owner, keys.announcement(name)])
            })
    }

    private static let owner = RedisArgument(String(repeating: "f", count: 32))

    private static func name(_ text: String) -> LockName {
        do { return try LockName("floor/\(text)") } catch { preconditionFailure("\(error)") }
    }

    private init(
        _ cluster: LocalCluster, scripts: [RedisScript], locks: Int, take: Call, release: Call
    ) async throws {
        servers = try Floor(ports: cluster.nodes.map(\.port))
        self.locks = locks
        var takes: [[[UInt8]]] = []
        var releases: [[[UInt8]]] = []
        for node in cluster.nodes {
            // It loads the scripts, whose digests are known from then on.
            let client = RedisClient(try RedisConfiguration(url: node.url), scripts: scripts)
            try await client.ready()
            let runID = try client.serverInfo().runID
            takes.append((0..<locks).map { take("\($0)", runID) })
            releases.append((0..<locks).map { release("\($0)", runID) })
            await client.close()
        }
        (self.take, self.release) = (Floor.Round(takes), Floor.Round(releases))
    }

    func run(for span: Duration) async throws -> LockResult {
        let before = ProcessTime.used
        let (servers, take, release) = (servers, take, release)
        let outcome = try await ClosedLoop(callers: 1, for: span).run(noting: Latencies()) { _, _, acquire in
            acquire.record(try servers.cycle(take: take, release: release))
        }
        var result = LockResult()
        result.cycles = outcome.turns * locks
        result.cyclesPerSecond = Double(result.cycles) / outcome.elapsed.seconds
        result.acquire = .init(outcome.records[0])
        result.clientCPU = (ProcessTime.used - before).seconds * 1e6 / Double(max(1, result.cycles))
        return result
    }
}
