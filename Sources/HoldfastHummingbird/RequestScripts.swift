import HoldfastRedis

/// The steps of ``RedisRequestStore``. A record is a hash of `resource`, `fingerprint`, `owner`, `attempt` and, once
/// answered, `head` and `body`; a lease is a string with its owner and a TTL; a fence is a number that stays.
enum RequestScripts {
    /// Asks to run a request's handler.
    ///
    /// KEYS: the record, the resource's lease, the resource's fence.
    /// ARGV: resource, fingerprint, owner, token, lease in ms, retention in ms, what to do with abandoned requests.
    /// Returns: {1, attempt} run it; {2, head, body} its answer; {3, ms} in flight; {4, ms} the resource is occupied;
    /// {0, fence} the token is stale; {5} the key is another request's; {6} abandoned. A repeat by the same owner is
    /// told the same again.
    /// Atomic: one of any number of servers gets the lease, and only with the highest token seen.
    static let begin = RedisScript(
        name: "request.begin",
        """
        local first = redis.call('HMGET', KEYS[1], 'resource', 'fingerprint', 'owner', 'attempt', 'head', 'body')
        local holder = redis.call('GET', KEYS[2])
        if first[1] then
            if first[1] ~= ARGV[1] or first[2] ~= ARGV[2] then return {5} end
            if first[5] then return {2, first[5], first[6]} end
            if holder and holder == ARGV[3] then return {1, tonumber(first[4])} end
            if holder and holder == first[3] then return {3, redis.call('PTTL', KEYS[2])} end
            if ARGV[7] == 'refuse' then return {6} end
        end
        local fence = tonumber(redis.call('GET', KEYS[3]) or 0)
        if tonumber(ARGV[4]) < fence then return {0, fence} end
        if tonumber(ARGV[4]) > fence then redis.call('SET', KEYS[3], ARGV[4]) end
        if holder then return {4, redis.call('PTTL', KEYS[2])} end
        local attempt = tonumber(first[4] or 0) + 1
        redis.call('HSET', KEYS[1], 'resource', ARGV[1], 'fingerprint', ARGV[2], 'owner', ARGV[3], 'attempt', attempt)
        redis.call('PEXPIRE', KEYS[1], ARGV[6])
        redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5])
        return {1, attempt}
        """)

    /// Makes a lease longer.
    ///
    /// KEYS: the resource's lease.
    /// ARGV: owner, lease in ms.
    /// Returns: 1; 0 it has ended.
    /// Atomic: another's lease is never made longer.
    static let renew = RedisScript(
        name: "request.renew",
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """)

    /// Keeps the answer and frees the resource.
    ///
    /// KEYS: the record, the resource's lease.
    /// ARGV: owner, head, body, retention in ms.
    /// Returns: 1; 0 a later attempt has begun.
    /// Atomic: whoever gets the resource next finds the answer.
    static let complete = RedisScript(
        name: "request.complete",
        """
        if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'head', ARGV[2], 'body', ARGV[3])
        redis.call('PEXPIRE', KEYS[1], ARGV[4])
        return 1
        """)

    /// Frees the resource without an answer.
    ///
    /// KEYS: the resource's lease.
    /// ARGV: owner.
    /// Returns: 1.
    /// Atomic: another's lease is never ended.
    static let abandon = RedisScript(
        name: "request.abandon",
        """
        if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return 1
        """)

    /// Raises a fence.
    ///
    /// KEYS: the resource's lease, the resource's fence.
    /// ARGV: token.
    /// Returns: {1, 1} nothing is in the way; {4, ms} the resource is occupied; {0, fence} the token is stale.
    /// Atomic: no request with a lower token can get the lease after it.
    static let raise = RedisScript(
        name: "request.raise",
        """
        local fence = tonumber(redis.call('GET', KEYS[2]) or 0)
        if tonumber(ARGV[1]) < fence then return {0, fence} end
        if tonumber(ARGV[1]) > fence then redis.call('SET', KEYS[2], ARGV[1]) end
        if redis.call('EXISTS', KEYS[1]) == 1 then return {4, redis.call('PTTL', KEYS[1])} end
        return {1, 1}
        """)
}
