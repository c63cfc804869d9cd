import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks

/// What a client may believe of one node.
@Suite(.serialized) struct LockNodeTests {
    private final class Answers: ReplySink {
        let errors = Mutex<[RedisError]>([])
        let replies = Atomic<Int>(0)

        func receive(_ outcome: ReplyOutcome, tag: Int) {
            switch outcome {
            case .failed(let error): errors.withLock { $0.append(error) }
            case .reply: replies.add(1, ordering: .sequentiallyConsistent)
            }
        }
    }

    private func withClients(nodes: Int, _ body: (LockClusterConfiguration, [RedisClient]) async throws -> Void)
        async throws
    {
        try await withTemporaryCluster(nodes: nodes, stores: 0, nodeFsync: .always) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            let clients = configuration.nodes.map { RedisClient($0) }
            for client in clients { try await client.ready(within: .seconds(20)) }
            try await body(configuration, clients)
            for client in clients { await client.close() }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCommandForOneIncarnationReachesNoOther() async throws {
        try await withClients(nodes: 1) { _, clients in
            let answers = Answers()
            let command = RedisCommand.encodePrefix("SET", ["k", "v"], missing: 0)
            clients[0].submit(command, onlyTo: "an earlier incarnation", to: answers, tag: 0)
            let errors = answers.errors.withLock { $0 }
            #expect(errors.count == 1 && errors[0].outcome == .notSent)
            let runID = try clients[0].serverInfo().runID
            #expect(try await clients[0].send(RedisCommand("EXISTS", "k")).integer == 0)
            clients[0].submit(command, onlyTo: runID, to: answers, tag: 0)
            #expect(try await clients[0].send(RedisCommand("EXISTS", "k")).integer == 1)
            #expect(answers.replies.load(ordering: .sequentiallyConsistent) == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func onlyAServersOwnSyncedDataAreProven() async throws {
        try await withClients(nodes: 2) { configuration, clients in
            let replica = clients[1]
            #expect(await replica.syncsEveryWrite())
            for (name, off, on) in [
                ("no-appendfsync-on-rewrite", "yes", "no"), ("appendfsync", "everysec", "always"),
            ] {
                try await replica.send(RedisCommand("CONFIG", "SET", RedisArgument(name), RedisArgument(off)))
                #expect(await !replica.syncsEveryWrite(), "\(name) \(off)")
                try await replica.send(RedisCommand("CONFIG", "SET", RedisArgument(name), RedisArgument(on)))
            }
            #expect(await replica.syncsEveryWrite())
            guard case .tcp(let host, let port) = configuration.nodes[0].address else { return }
            try await replica.send(RedisCommand("REPLICAOF", RedisArgument(host), RedisArgument(port)))
            while try await replica.send(RedisCommand("INFO", "replication")).text?.contains("master_link_status:up")
                != true
            {}
            #expect(await !replica.syncsEveryWrite(), "a replica")
            try await replica.send(RedisCommand("REPLICAOF", "NO", "ONE"))
            #expect(await !replica.syncsEveryWrite(), "promoted: its last writes may be missing")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aServerUnderTwoNamesCannotBeTwoNodes() async throws {
        try await withTemporaryCluster(nodes: 2, stores: 0) { cluster in
            let urls = cluster.nodeURLs
            let twin = urls[0].replacing("127.0.0.1", with: "localhost")
            try #require(twin != urls[0])
            let error = await #expect(throws: LockError.self) {
                try await LockCluster.initialize(LockClusterConfiguration(urls: [urls[0], urls[1], twin]))
            }
            #expect(String(describing: error).contains("listed twice"))
            // Nothing was prepared by that.
            _ = try await LockCluster.initialize(LockClusterConfiguration(urls: urls))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatEvictsCountersBecomesNoNode() async throws {
        try await withClients(nodes: 1) { configuration, clients in
            func set(_ name: RedisArgument, _ value: RedisArgument) async throws {
                try await clients[0].send(RedisCommand("CONFIG", "SET", name, value))
            }
            try await set("maxmemory", "100mb")
            for policy in ["allkeys-lru", "volatile-ttl"] {
                try await set("maxmemory-policy", RedisArgument(policy))
                let error = await #expect(throws: LockError.self) { try await LockCluster.initialize(configuration) }
                #expect(String(describing: error).contains(policy))
            }
            try await set("maxmemory-policy", "noeviction")
            _ = try await LockCluster.initialize(configuration)
        }
    }

    /// What it evicts it will not know after a restart with a better policy, however well it syncs. Clients note it
    /// while they see it, so that the node counts as forgetful then.
    @Test(.timeLimit(.minutes(1))) func aNodeThatMayEvictIsNoLongerTrustedToRememberAll() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0, nodeFsync: .always) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(10))
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            let member = cluster.nodes[0]
            let reader = RedisClient(try RedisConfiguration(url: member.url))
            func isDurable() async throws -> Bool {
                try await reader.send(RedisCommand("HGET", locks.keys.node, "durable")).text == "1"
            }
            #expect(try await isDurable())
            try await member.restart(
                with: [ServerSetting("maxmemory", "100mb"), ServerSetting("maxmemory-policy", "allkeys-lru")])
            while (try? await isDurable()) ?? true { try await locks.runtime.sleep(for: .milliseconds(20)) }
            await reader.close()
            await locks.close()
        }
    }

    private func withLocks(_ body: (LockCluster) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0, nodeFsync: .always) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(10))
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            while locks.votingNodes < 3 { try await locks.runtime.sleep(for: .milliseconds(10)) }
            do { try await body(locks) } catch {
                await locks.close()
                throw error
            }
            await locks.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReleasedLeaseIsNoLongerValid() async throws {
        try await withLocks { locks in
            let lease = try await locks.acquire(LockName("r"), ttl: .seconds(10))
            #expect(lease.isValid)
            await locks.release(lease)
            #expect(!lease.isValid)
            #expect(throws: LockError.self) { try lease.checkValid() }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledBodyKeepsItsLeaseUntilItHasCleanedUp() async throws {
        try await withLocks { locks in
            let name = try LockName("r")
            let (started, signal) = AsyncStream.makeStream(of: Void.self)
            let holder = Task {
                try await locks.withLock(name, ttl: .milliseconds(500)) { lease in
                    signal.yield()
                    while !Task.isCancelled { await Task.yield() }
                    let before = lease.renewals
                    while lease.isValid, lease.renewals < before + 6 { await Task.yield() }
                    return lease.isValid
                }
            }
            for await _ in started { break }
            holder.cancel()
            #expect(try await holder.value, "the lease ran out while its holder cleaned up")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDecidedRoundDoesNotGrantBehindItsRelease() async throws {
        try await withLocks { locks in
            let name = try LockName("r")
            let keys = [locks.keys.owner(name), locks.keys.counter(name), locks.keys.node]
            let request = RoundRequest(
                phase: 0, script: LockScripts.grant, keys: keys, arguments: ["owner", 10_000, 0], withRunID: true)
            for node in locks.nodes { try await node.client.send(RedisCommand("SCRIPT", "FLUSH")) }
            let machine = AcquisitionMachine(Acquisition(locks.quorum), grant: request) { _ in request }
            let round = Round(machine, nodes: locks.nodes)
            // Given up at once: every node answers NOSCRIPT to nobody.
            round.expire()
            _ = await round.run(request, timeout: .seconds(5))
            for node in locks.nodes {
                // The first is answered behind NOSCRIPT, so what that set off is ahead of the second.
                try await node.client.send(RedisCommand("PING"))
                let owner = try await node.client.send(RedisCommand("GET", locks.keys.owner(name)))
                #expect(owner.text == nil, "granted to an attempt that had given up")
            }
            // A release is asked for again in any case.
            let lease = try await locks.acquire(name, ttl: .seconds(10))
            for node in locks.nodes { try await node.client.send(RedisCommand("SCRIPT", "FLUSH")) }
            await locks.release(lease)
            for node in locks.nodes {
                try await node.client.send(RedisCommand("PING"))
                #expect(try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).text == nil)
            }
        }
    }
}
