import HoldfastRedis

/// The steps of a fenced value. Its hash holds `fence`, `value` and `sequence`.
enum ResourceScripts {
    /// Raises the fence and reads.
    ///
    /// KEYS: the resource's hash.
    /// ARGV: token.
    /// Returns: {1, value or nil}; {0, fence} the token is stale.
    /// Atomic: no write with a lower token can land between the raising and the reading.
    static let raise = RedisScript(
        name: "resource.raise",
        """
        local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
        local token = tonumber(ARGV[1])
        if token < fence then return {0, fence} end
        if token > fence then redis.call('HSET', KEYS[1], 'fence', ARGV[1]) end
        return {1, redis.call('HGET', KEYS[1], 'value')}
        """)

    /// Reads unless the fence is above the token.
    ///
    /// KEYS: the resource's hash.
    /// ARGV: token.
    /// Returns: {1, value or nil}; {0, fence} the token is stale.
    /// Atomic: fence and value are of the same moment.
    static let read = RedisScript(
        name: "resource.read",
        """
        local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
        if tonumber(ARGV[1]) < fence then return {0, fence} end
        return {1, redis.call('HGET', KEYS[1], 'value')}
        """)

    /// Writes once.
    ///
    /// KEYS: the resource's hash; the record of the idempotency key, a hash of `token`, `sequence` and `value` (its
    /// SHA-1).
    /// ARGV: token, value, seconds to remember the key.
    /// Returns: {1, token, sequence} written; {2, token, sequence} had been written; {0, fence, 0} the token is stale;
    /// {3, 0, 0} the key was used for another value.
    /// Atomic: the check, the write and the key's record cannot be torn apart by a crash or another holder.
    static let apply = RedisScript(
        name: "resource.apply",
        """
        local first = redis.call('HMGET', KEYS[2], 'token', 'sequence', 'value')
        if first[1] then
            if first[3] ~= redis.sha1hex(ARGV[2]) then return {3, 0, 0} end
            return {2, tonumber(first[1]), tonumber(first[2])}
        end
        local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
        local token = tonumber(ARGV[1])
        if token < fence then return {0, fence, 0} end
        local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
        redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'value', ARGV[2])
        redis.call('HSET', KEYS[2], 'token', ARGV[1], 'sequence', sequence, 'value', redis.sha1hex(ARGV[2]))
        redis.call('EXPIRE', KEYS[2], ARGV[3])
        return {1, token, sequence}
        """)
}
