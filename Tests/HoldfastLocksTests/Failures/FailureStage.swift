import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// A lock cluster of real servers, a client with faults on its way to them, and a witness with none.
struct FailureStage {
    let cluster: LocalCluster
    let configuration: LockClusterConfiguration
    let transport: FaultyTransport
    let runtime: FaultyRuntime
    let locks: LockCluster
    let witness: Witness
    let name: LockName

    func link(_ node: Int) -> FaultyLink { transport.link(to: configuration.nodes[node].address) }

    /// The node of a mask's bits.
    static func nodes(of mask: Int, among count: Int = 5) -> [Int] { (0..<count).filter { mask & 1 << $0 != 0 } }

    /// Lends another client, with a configuration that `change` makes of this one's.
    func withAnother(
        over transport: any ByteTransport = NIOTransport(),
        _ change: (inout LockClusterConfiguration) -> Void = { _ in },
        _ body: (LockCluster) async throws -> Void
    ) async throws {
        var other = configuration
        change(&other)
        let locks = try await LockCluster.connect(other, patience: .seconds(30), transport: transport)
        try await eventually { locks.votingNodes == other.nodes.count }
        do { try await body(locks) } catch {
            await locks.close()
            throw error
        }
        await locks.close()
    }

    /// Lets the time of the next renewal come, and waits until it is done.
    func renew(_ lease: Lease) async throws {
        let before = lease.renewals
        runtime.jump(lease.ttl / 3)
        try await eventually { lease.renewals > before }
    }

    /// Waits until all that this client has sent is executed. Its connections must stand.
    func settle(_ locks: LockCluster? = nil) async throws {
        for node in (locks ?? self.locks).nodes { try await node.client.send(RedisCommand("PING")) }
    }
}

/// Starts `nodes` servers and lends a client to `body`. No round of it ends by time within a test, and no silent
/// connection is given up, unless the test says so.
func withFailureStage(
    nodes: Int = 5, maximumTTL: Duration = .seconds(60), fsync: AppendFsync = .always,
    configure: (inout LockClusterConfiguration) -> Void = { _ in },
    _ body: (FailureStage) async throws -> Void
) async throws {
    try await withTemporaryCluster(nodes: nodes, stores: 0, nodeFsync: fsync) { cluster in
        var configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        _ = try await LockCluster.initialize(configuration, maximumTTL: maximumTTL)
        configuration.nodeTimeout = .seconds(50)
        for node in configuration.nodes.indices {
            configuration.nodes[node].commandTimeout = .seconds(50)
            configuration.nodes[node].firstBackoff = .milliseconds(2)
            configuration.nodes[node].maximumBackoff = .milliseconds(20)
        }
        configure(&configuration)
        let transport = FaultyTransport()
        let runtime = FaultyRuntime()
        let locks = try await LockCluster.connect(
            configuration, patience: .seconds(30), transport: transport, runtime: runtime)
        try await eventually { locks.votingNodes == nodes }
        // The first round sets the cluster's timer for the limits of all rounds; it is no operation's.
        await locks.release(try await locks.acquire(LockName("the first"), ttl: maximumTTL))
        let witness = try await Witness(cluster, locks.keys)
        let stage = FailureStage(
            cluster: cluster, configuration: configuration, transport: transport, runtime: runtime, locks: locks,
            witness: witness, name: try LockName("the lock"))
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(stage)) } catch { outcome = .failure(error) }
        for node in cluster.nodes { node.resume() }
        for node in 0..<nodes { stage.link(node).heal() }
        await locks.close()
        await witness.close()
        try await eventually { transport.streams == 0 }
        try outcome.get()
    }
}
