import HoldfastRedis
import HoldfastRuntime

/// The mutant `rejoin-at-once`: whoever sees a lock node that has forgotten everything lets it vote again, without
/// waiting for the leases that it forgot, and without the tokens that others remember.
struct RashAdmission: Sendable {
    private static let record: RedisArgument = "holdfast:node"

    private let clients: [RedisClient]
    private let runtime: any Runtime

    init(_ nodes: [String], runtime: any Runtime) throws {
        clients = try nodes.map { RedisClient(try RedisConfiguration(url: $0), runtime: runtime) }
        self.runtime = runtime
    }

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await pass()
            try? await runtime.sleep(for: .milliseconds(20))
        }
        for client in clients { await client.close(grace: .zero) }
    }

    private func pass() async {
        var known: (cluster: String, nodes: String, maximum: String)?
        var blank: [(index: Int, runID: String)] = []
        for (index, client) in clients.enumerated() {
            let fields = RedisCommand("HMGET", Self.record, "cluster", "nodes", "maximum_ttl", "vote").idempotent
            guard let runID = try? client.serverInfo().runID, let record = try? await client.send(fields).array,
                record.count == 4
            else { continue }
            if let cluster = record[0].text, let nodes = record[1].text, let maximum = record[2].text {
                known = (cluster, nodes, maximum)
            }
            if record[3].isNull { blank.append((index, runID)) }
        }
        guard let known, let maximum = Int64(known.maximum) else { return }
        for node in blank {
            // Floor and high-water mark 0, the maximum TTL, and who may vote: see LockScripts.checkVote.
            let zero = String(repeating: "0", count: 16)
            let limit = String(repeating: "0", count: max(0, 12 - "\(maximum)".count)) + "\(maximum)"
            let vote = "\(zero) \(zero) \(limit) \(node.runID)"
            _ = try? await clients[node.index].send(
                RedisCommand(
                    "HSET", Self.record, "vote", RedisArgument(vote), "cluster", RedisArgument(known.cluster), "nodes",
                    RedisArgument(known.nodes), "index", RedisArgument(node.index), "maximum_ttl",
                    RedisArgument(known.maximum), "durable", 0))
        }
    }
}
