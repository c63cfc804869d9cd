import HoldfastRedis

/// A node's record, as it is stored (see ``LockKeys/node``).
struct NodeRecord: Sendable {
    static let fields: [RedisArgument] = [
        "cluster", "nodes", "index", "maximum_ttl", "vote", "prepared", "durable", "blank_run", "blank_since",
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

    /// Whether it is neither blank nor whole: somebody edited it.
    var isDamaged = false

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
        prepared = values[5].text
        durable = values[6].integer == 1
        if let runID = values[7].text, let since = values[8].integer { blank = (runID, .seconds(since)) }
        isDamaged = descriptor == nil && !values[0].isNull
        guard let vote = values[4].text else { return }
        // Fixed places, as the scripts read them: see LockScripts.checkVote.
        let parts = vote.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.count).prefix(3) == [16, 16, 12], let floor = Int64(parts[0]),
            let high = Int64(parts[1]), Int64(parts[2]) != nil
        else {
            isDamaged = true
            return
        }
        (self.floor, self.high, admitted) = (floor, high, String(parts[3]))
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
