import HoldfastRedis

/// A node's record, as it is stored (see ``LockKeys/node``).
struct NodeRecord: Sendable {
    static let fields: [RedisArgument] = [
        "cluster", "nodes", "index", "maximum_ttl", "admitted", "prepared", "durable", "high", "blank_run",
        "blank_since", "floor",
    ]

    var descriptor: ClusterDescriptor?
    var index: Int?
    /// The incarnation that may vote.
    var admitted: String?
    /// The incarnation in which init wrote the descriptor.
    var prepared: String?
    /// Whether every write was synced to disk when that incarnation was admitted.
    var durable = false
    /// The largest token that the node ever granted or stored.
    var high: Int64 = 0
    /// No counter is issued at or below it.
    var floor: Int64 = 0

    /// On a blank node: the incarnation in which that was noticed, and at which uptime.
    var blank: (runID: String, since: Duration)?

    /// Reads the reply of HMGET with ``fields``; nil when it has another shape.
    init?(_ reply: RedisReply) {
        guard let values = reply.array, values.count == Self.fields.count else { return nil }
        if let cluster = values[0].text, let nodes = values[1].integer, let maximum = values[3].integer {
            descriptor = ClusterDescriptor(
                id: cluster, nodes: Int(clamping: nodes), maximumTTL: .milliseconds(maximum))
        }
        index = values[2].integer.map { Int(clamping: $0) }
        admitted = values[4].text
        prepared = values[5].text
        durable = values[6].integer == 1
        high = values[7].integer ?? 0
        floor = values[10].integer ?? 0
        if let runID = values[8].text, let since = values[9].integer { blank = (runID, .seconds(since)) }
    }

    init() {}

    /// - Throws: also when the answer has another shape.
    static func read(_ client: RedisClient, _ keys: LockKeys) async throws(RedisError) -> NodeRecord {
        let reply = try await client.send(RedisCommand("HMGET", arguments: [keys.node] + fields).idempotent)
        guard let record = NodeRecord(reply) else {
            throw RedisError(.unexpectedReply, .answered, "not HMGET's reply", server: client.server)
        }
        return record
    }
}
