import HoldfastRedis

/// Readers share a lock: L is then a sorted set of owner values, each with the node's time in ms at which its hold
/// ends, and the key lives until the last of them. A writer finds the key and is refused, whoever of them is left.
///
/// A writer that waits leaves a mark there, the member `writer` with an end of its own, and while it lasts no further
/// reader is let in. So a stream of readers cannot starve a writer, and a writer that died holds readers up no longer
/// than its mark.
///
/// The first reader after a writer counts the counter up to the next odd number, and those that follow share it; the
/// next writer's is larger.
extension LockScripts {
    static let shared = [grantShared, confirmShared, extendShared, releaseShared, withdraw]

    /// Lets a reader in where no writer holds the lock or waits for it.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, TTL in ms, run id.
    /// Returns: the node's counter, now odd and at its floor at least; {0, ms left or -1} a writer holds it;
    /// {-4, ms left} a writer waits; {-1, 0} this incarnation may not vote; {-2, maximum} the TTL exceeds the
    /// cluster's maximum.
    /// Atomic: no writer can be granted the lock between the check and the entry, and the count is of that moment.
    static let grantShared = RedisScript(
        name: "grant.shared",
        """
        \(checkVote)
        \(checkTTL("ARGV[2]"))
        local place = 1
        local kind = redis.call('TYPE', KEYS[place]).ok
        if kind ~= 'none' and kind ~= 'zset' then return {0, redis.call('PTTL', KEYS[place])} end
        \(now)
        \(dropReaders)
        local mark = redis.call('ZSCORE', KEYS[place], 'writer')
        if mark then return {-4, tonumber(mark) - now} end
        redis.call('ZADD', KEYS[place], now + tonumber(ARGV[2]), ARGV[1])
        \(expireWithTheLast)
        local count = tonumber(redis.call('GET', KEYS[2]) or 0)
        local token = math.max(count, floor)
        if token % 2 == 0 then token = token + 1 end
        if token > count then redis.call('SET', KEYS[2], string.format('%.0f', token)) end
        \(raiseHigh)
        return token
        """)

    /// Raises the counter to the token that a reader chose, where the reader is still let in.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, token, run id.
    /// Returns: the token, which the node stores; {0, 0} the reader's hold has ended, or the node has counted further;
    /// {-1, 0} this incarnation may not vote.
    /// Atomic: while the reader is in, no writer's grant can count; without the check one could have in between.
    static let confirmShared = RedisScript(
        name: "confirm.shared",
        """
        \(checkVote)
        \(now)
        local ends = redis.pcall('ZSCORE', KEYS[1], ARGV[1])
        if type(ends) ~= 'string' or tonumber(ends) <= now then return {0, 0} end
        local token = tonumber(ARGV[2])
        if tonumber(redis.call('GET', KEYS[2]) or 0) > token then return {0, 0} end
        redis.call('SET', KEYS[2], ARGV[2])
        \(raiseHigh)
        return token
        """)

    /// Renews a reader's hold where it lasts, or repairs one that was lost to nobody. A waiting writer keeps new
    /// readers out, not those that are in.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, token, TTL in ms, run id.
    /// Returns: 0 renewed; {2, 0} let in again: it counts from the next round on only; {0, ms left or -1} a
    /// writer holds the lock, or was granted it in between; {-1, 0} this incarnation may not vote.
    /// Atomic: no writer can be granted the lock between the check and the renewal.
    static let extendShared = RedisScript(
        name: "extend.shared",
        """
        \(checkVote)
        local place = 1
        local kind = redis.call('TYPE', KEYS[place]).ok
        if kind ~= 'none' and kind ~= 'zset' then return {0, redis.call('PTTL', KEYS[place])} end
        local token = tonumber(ARGV[2])
        if tonumber(redis.call('GET', KEYS[2]) or 0) > token then return {0, -1} end
        \(now)
        \(dropReaders)
        local isKept = redis.call('ZSCORE', KEYS[place], ARGV[1])
        if not isKept and floor > token then return {0, -1} end
        redis.call('ZADD', KEYS[place], now + tonumber(ARGV[3]), ARGV[1])
        \(expireWithTheLast)
        if isKept then return 0 end
        redis.call('SET', KEYS[2], ARGV[2])
        \(raiseHigh)
        return {2, 0}
        """)

    /// Ends a reader's hold, and tells the writers that wait when it was the last.
    ///
    /// KEYS: L.
    /// ARGV: owner value, channel.
    /// Returns: how many were ended.
    /// Atomic: the last reader to leave is the last.
    static let releaseShared = RedisScript(
        name: "release.shared",
        """
        if redis.pcall('ZREM', KEYS[1], ARGV[1]) ~= 1 then return 0 end
        local place = 1
        \(now)
        \(dropReaders)
        local mark = redis.call('ZSCORE', KEYS[place], 'writer')
        if redis.call('ZCARD', KEYS[place]) == (mark and 1 or 0) then redis.call('PUBLISH', ARGV[2], '') end
        \(expireWithTheLast)
        return 1
        """)

    /// Takes the mark of waiting writers away: one of them has given up. Others set it again when they next ask.
    ///
    /// KEYS: L of each name.
    /// ARGV: channel of each name.
    /// Returns: 0.
    /// Atomic: only a mark can be taken away, never a reader.
    static let withdraw = RedisScript(
        name: "withdraw",
        """
        for place, key in ipairs(KEYS) do
            if redis.pcall('ZREM', key, 'writer') == 1 then redis.call('PUBLISH', ARGV[place], '') end
        end
        return 0
        """)

    /// Lua: `now`, the node's time in ms.
    static let now = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        """

    /// Lua: forgets the readers, and the mark, of KEYS[place] whose time is over.
    static let dropReaders = "redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', now)"

    /// Lua: lets KEYS[place] live until its last reader's end, or its mark's.
    static let expireWithTheLast = """
        local last = redis.call('ZRANGE', KEYS[place], -1, -1, 'WITHSCORES')
        if last[2] then redis.call('PEXPIREAT', KEYS[place], last[2]) end
        """
}
