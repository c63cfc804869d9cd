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

    /// The commands that take or free a lock each.
    private typealias Calls = (_ locks: [String], _ runID: String) -> [[UInt8]]

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
            take: { locks, _ in
                locks.map { name in
                    take.encodeCall(
                        keys: [RedisArgument("floor:lock:\(name)"), RedisArgument("floor:fence:\(name)")],
                        arguments: [Self.owner])
                }
            },
            release: { locks, _ in
                locks.map { free.encodeCall(keys: [RedisArgument("floor:lock:\($0)")], arguments: [Self.owner]) }
            })
    }

    /// What a client of an admitted cluster sends: of several locks, in calls of as many steps as travel together.
    static func ours(_ cluster: LocalCluster, locks: Int) async throws -> LockFloor {
        let keys = LockKeys(prefix: try LockClusterConfiguration(urls: cluster.nodeURLs).prefix)
        func grant(_ lock: String) -> (keys: [RedisArgument], arguments: [RedisArgument]) {
            ([keys.owner(name(lock)), keys.counter(name(lock))], [owner, 10_000, 0])
        }
        func release(_ lock: String) -> (keys: [RedisArgument], arguments: [RedisArgument]) {
            ([keys.owner(name(lock))], [owner, keys.announcement(name(lock))])
        }
        func together(
            _ step: RedisArgument, _ locks: [String], _ runID: String,
            _ parts: (String) -> (keys: [RedisArgument], arguments: [RedisArgument])
        ) -> [[UInt8]] {
            stride(from: 0, to: locks.count, by: LockScripts.mostTogether).map { start in
                let parts = locks[start...].prefix(LockScripts.mostTogether).map(parts)
                return LockScripts.together.encodeCall(
                    keys: parts.flatMap(\.keys) + [keys.node],
                    arguments: parts.flatMap { [step] + $0.arguments } + [RedisArgument(runID)])
            }
        }
        return try await LockFloor(
            cluster, scripts: [LockScripts.grant, LockScripts.release, LockScripts.together], locks: locks,
            take: { locks, runID in
                guard locks.count == 1 else { return together("grant", locks, runID, grant) }
                let (own, arguments) = grant(locks[0])
                return [
                    LockScripts.grant.encodeCall(
                        keys: own + [keys.node], arguments: arguments + [RedisArgument(runID)])
                ]
            },
            release: { locks, runID in
                guard locks.count == 1 else { return together("release", locks, runID, release) }
                let (own, arguments) = release(locks[0])
                return [LockScripts.release.encodeCall(keys: own, arguments: arguments)]
            })
    }

    private static let owner = RedisArgument(String(repeating: "f", count: 32))

    private static func name(_ text: String) -> LockName {
        do { return try LockName("floor/\(text)") } catch { preconditionFailure("\(error)") }
    }

    private init(
        _ cluster: LocalCluster, scripts: [RedisScript], locks: Int, take: Calls, release: Calls
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
            takes.append(take((0..<locks).map(String.init), runID))
            releases.append(release((0..<locks).map(String.init), runID))
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
