import HoldfastRuntime
public import HoldfastLocks
public import HoldfastRedis

/// A fenced value in one Redis database.
public struct RedisResource: FencedResource {
    public let name: String
    private let client: RedisClient
    private let key: RedisArgument
    private let oncePrefix: String
    private let retention: Duration

    /// - Parameters:
    ///   - name: 1 to 512 bytes.
    ///   - retention: How long idempotency keys are remembered: 1 second to 36500 days.
    public init(
        _ name: String, on client: RedisClient, prefix: String = "holdfast:", retention: Duration = .seconds(7 * 86_400)
    ) throws(ResourceError) {
        try ResourceBounds.check(name: name)
        try ResourceBounds.check(retention: retention)
        self.name = name
        self.client = client
        self.retention = retention
        key = "\(prefix)resource:\(name)"
        // With its length, so that `a` and key `b:c` are not taken for `a:b` and key `c`.
        oncePrefix = "\(prefix)once:\(name.utf8.count):\(name):"
    }

    public func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        let reply = try await client.step(ResourceScripts.raise, [key], [RedisArgument(token.rawValue)])
        return try value(in: reply, token)
    }

    public func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try ResourceBounds.check(token)
        let reply = try await client.step(ResourceScripts.read, [key], [RedisArgument(token.rawValue)])
        return try value(in: reply, token)
    }

    public func apply(
        _ value: [UInt8], token: FencingToken, key idempotency: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        try ResourceBounds.check(token)
        try ResourceBounds.check(valueBytes: value.count)
        let reply = try await client.step(
            ResourceScripts.apply, [key, "\(oncePrefix)\(idempotency.text)"],
            [RedisArgument(token.rawValue), RedisArgument(value), RedisArgument(retention.milliseconds / 1000)])
        guard let fields = reply.array, fields.count == 3, let code = fields[0].integer, let first = fields[1].integer,
            let second = fields[2].integer
        else { throw client.unexpected(reply) }
        switch code {
        case 1, 2:
            return WriteReceipt(token: FencingToken(rawValue: first), sequence: second, isReplay: code == 2)
        case 0: throw .stale(resource: name, token: token, fence: FencingToken(rawValue: first))
        case 3: throw .keyReused(key: idempotency.text)
        default: throw client.unexpected(reply)
        }
    }

    private func value(in reply: RedisReply, _ token: FencingToken) throws(ResourceError) -> [UInt8]? {
        guard let fields = reply.array, fields.count == 2, let code = fields[0].integer else {
            throw client.unexpected(reply)
        }
        if code == 1 { return fields[1].bytes }
        guard let fence = fields[1].integer else { throw client.unexpected(reply) }
        throw .stale(resource: name, token: token, fence: FencingToken(rawValue: fence))
    }
}
