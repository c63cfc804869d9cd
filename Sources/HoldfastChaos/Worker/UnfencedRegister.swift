import HoldfastLocks
import HoldfastRedis
import HoldfastResources

/// The mutant `fence-off` of a register: a value that does not look at tokens, as most programs have it.
struct UnfencedRegister: FencedResource {
    private let key: RedisArgument
    private let client: RedisClient

    init(_ name: String, on client: RedisClient) {
        key = Self.key(name)
        self.client = client
    }

    static func key(_ name: String) -> RedisArgument { "holdfast:chaos:unfenced:\(name)" }

    func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try await send(RedisCommand("GET", key).idempotent).bytes
    }

    func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? { try await raise(to: token) }

    func apply(
        _ value: [UInt8], token: FencingToken, key idempotency: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        _ = try await send(RedisCommand("SET", key, RedisArgument(value)).idempotent)
        return WriteReceipt(token: token, sequence: 0, isReplay: false)
    }

    private func send(_ command: RedisCommand) async throws(ResourceError) -> RedisReply {
        do throws(RedisError) { return try await client.send(command) } catch { throw .unavailable(StoreError(error)) }
    }
}
