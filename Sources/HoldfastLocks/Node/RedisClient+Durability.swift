import HoldfastRedis

extension RedisClient {
    /// Whether the server syncs its append-only file before it answers a write. Where CONFIG is forbidden: no.
    func syncsEveryWrite() async -> Bool {
        func setting(_ name: RedisArgument) async -> String? {
            guard let reply = try? await send(RedisCommand("CONFIG", "GET", name)) else { return nil }
            return reply.array?.last?.text
        }
        guard await setting("appendonly") == "yes" else { return false }
        return await setting("appendfsync") == "always"
    }
}
