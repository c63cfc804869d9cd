import HoldfastRedis

extension RedisClient {
    /// Runs one of the resources' scripts. All may be repeated: raising a fence is monotone, and a write is remembered
    /// by its idempotency key.
    func step(
        _ script: RedisScript, _ keys: [RedisArgument], _ arguments: [RedisArgument]
    ) async throws(ResourceError) -> RedisReply {
        do throws(RedisError) {
            return try await run(script, keys: keys, arguments: arguments, idempotent: true)
        } catch {
            throw .unavailable(StoreError(error))
        }
    }

    /// A reply that none of our scripts gives.
    func unexpected(_ reply: RedisReply) -> ResourceError {
        .unavailable(StoreError(.failed, .unknown, "not the script's reply: \(reply)", at: server))
    }
}
