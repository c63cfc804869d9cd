import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// Runs `body` with an initialised lock cluster on servers of its own, all nodes voting.
func withLockCluster(
    nodes: Int = 5, maximumTTL: Duration = .seconds(60), label: String? = nil,
    observer: @escaping @Sendable (LockEvent) -> Void = { _ in },
    _ body: (LocalCluster, LockCluster) async throws -> Void
) async throws {
    try await withTemporaryCluster(nodes: nodes, stores: 0, nodeFsync: .always) { cluster in
        var configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        if let label { configuration.label = label }
        _ = try await LockCluster.initialize(configuration, maximumTTL: maximumTTL)
        let locks = try await LockCluster.connect(configuration, patience: .seconds(20), observer: observer)
        do {
            // A majority is enough to connect; the tests count on all.
            try await eventually { locks.votingNodes == nodes }
            try await body(cluster, locks)
        } catch {
            await locks.close()
            throw error
        }
        await locks.close()
    }
}

/// Waits for what other tasks or processes bring about; the tests' only patience is their time limit.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await LiveRuntime().sleep(for: .milliseconds(5)) }
}

extension LockCluster {
    /// A node's reply to a command on a key of its own, from each node.
    func onEachNode(_ command: RedisCommand) async throws -> [RedisReply] {
        var replies: [RedisReply] = []
        for node in nodes { replies.append(try await node.client.send(command)) }
        return replies
    }
}

/// Records that a test met another error than the one that it is about.
func unexpected(_ error: LockError?) { Issue.record("not the expected error: \(String(describing: error))") }
