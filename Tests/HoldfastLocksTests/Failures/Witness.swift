import HoldfastCluster
import HoldfastRedis

@testable import HoldfastLocks

/// Looks at the nodes, and changes them, over connections of its own.
struct Witness {
    let clients: [RedisClient]
    let keys: LockKeys

    init(_ cluster: LocalCluster, _ keys: LockKeys) async throws {
        self.keys = keys
        clients = try cluster.nodeURLs.map { url in
            var configuration = try RedisConfiguration(url: url)
            configuration.maximumBackoff = .milliseconds(20)
            return RedisClient(configuration)
        }
        for client in clients { try await client.ready(within: .seconds(20)) }
    }

    func close() async {
        for client in clients { await client.close(grace: .zero) }
    }

    @discardableResult
    func send(_ node: Int, _ command: RedisCommand) async throws -> RedisReply {
        // Reconnects as often as the node is killed.
        try await clients[node].send(command.idempotent)
    }

    /// Who holds the lock at a node; nil when nobody does.
    func owner(_ name: LockName, at node: Int) async throws -> String? {
        try await send(node, RedisCommand("GET", keys.owner(name))).text
    }

    /// The same of all nodes, or those given.
    func owners(_ name: LockName, at nodes: [Int]? = nil) async throws -> [String?] {
        var owners: [String?] = []
        for node in nodes ?? Array(clients.indices) { owners.append(try await owner(name, at: node)) }
        return owners
    }

    /// Whether no node has anything of the lock, be it a writer's, readers' or a waiter's.
    func isFree(_ name: LockName) async throws -> Bool {
        for node in clients.indices {
            if try await send(node, RedisCommand("EXISTS", keys.owner(name))).integer != 0 { return false }
        }
        return true
    }

    func counter(_ name: LockName, at node: Int) async throws -> Int64 {
        try await send(node, RedisCommand("GET", keys.counter(name))).integer ?? 0
    }

    /// Lets the nodes count further, each to another number, so that no majority grants the same.
    func spreadCounters(_ name: LockName) async throws {
        var top: Int64 = 0
        for node in clients.indices { top = max(top, try await counter(name, at: node)) }
        for node in clients.indices {
            try await send(node, RedisCommand("SET", keys.counter(name), RedisArgument(top + Int64(node))))
        }
    }

    /// As if its time had come.
    func expire(_ name: LockName, at nodes: [Int]? = nil) async throws {
        for node in nodes ?? Array(clients.indices) { try await send(node, RedisCommand("DEL", keys.owner(name))) }
    }

    /// How many connections listen for a release.
    func listeners(_ name: LockName) async throws -> [Int64] {
        var counts: [Int64] = []
        for node in clients.indices {
            let channel = RedisArgument(keys.channel(name))
            counts.append(try await send(node, RedisCommand("PUBSUB", "NUMSUB", channel)).array?.last?.integer ?? 0)
        }
        return counts
    }
}
