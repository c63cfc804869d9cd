import HoldfastRedis

extension LockScripts {
    /// Which of the commands that the lock scripts call are forbidden to this user.
    ///
    /// KEYS: L, C, node.
    /// ARGV: a channel.
    /// Returns: the names of the forbidden commands, '?' where the server (before 7.0) cannot tell.
    /// Atomic: it changes nothing.
    static let permissions = RedisScript(
        name: "permissions",
        """
        if not redis.acl_check_cmd then return {'?'} end
        local denied = {}
        local function try(name, ...)
            if not redis.acl_check_cmd(name, ...) then denied[#denied + 1] = name end
        end
        try('GET', KEYS[1]) try('PTTL', KEYS[1]) try('PEXPIRE', KEYS[1], '1') try('SET', KEYS[1], 'v', 'PX', '1')
        try('DEL', KEYS[1]) try('TYPE', KEYS[1]) try('EXISTS', KEYS[1]) try('PEXPIREAT', KEYS[1], '1')
        try('ZADD', KEYS[1], '1', 'v') try('ZSCORE', KEYS[1], 'v') try('ZREM', KEYS[1], 'v') try('ZCARD', KEYS[1])
        try('ZRANGE', KEYS[1], '0', '0') try('ZRANGEBYSCORE', KEYS[1], '0', '1')
        try('ZREMRANGEBYSCORE', KEYS[1], '0', '1') try('TIME')
        try('GET', KEYS[2]) try('SET', KEYS[2], '1') try('INCRBY', KEYS[2], '2') try('DEL', KEYS[2])
        try('HGET', KEYS[3], 'f') try('HMGET', KEYS[3], 'f') try('HSET', KEYS[3], 'f', 'v') try('DEL', KEYS[3])
        try('PUBLISH', ARGV[1], '') try('INFO', 'server')
        return denied
        """)

    /// One step through the keys with the cluster's prefix: how many there are of each kind, and which are not ours.
    ///
    /// KEYS: none; those that SCAN finds.
    /// ARGV: cursor, pattern, how many keys to look through, the beginnings of L's and of C's keys.
    /// Returns: {next cursor, locks, counters, {keys of another type, or with a TTL where there must be none, or
    /// without one where there must be one: key and what it is, in turn}}.
    /// Atomic: it changes nothing, not even the time of a key's last use: it reads no value.
    static let census = RedisScript(
        name: "census",
        """
        local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
        local locks, counters, odd = 0, 0, {}
        for _, key in ipairs(step[2]) do
            local isLock = string.sub(key, 1, #ARGV[4]) == ARGV[4]
            if isLock or string.sub(key, 1, #ARGV[5]) == ARGV[5] then
                local kind, fault = redis.call('TYPE', key).ok, nil
                if isLock then locks = locks + 1 else counters = counters + 1 end
                -- Readers of a shared lock are a sorted set.
                local fits = kind == 'string' or isLock and kind == 'zset'
                if not fits and kind ~= 'none' then fault = 'a ' .. kind end
                if fits then
                    local left = redis.call('PTTL', key)
                    if isLock and left == -1 then fault = 'a lock that never expires' end
                    if not isLock and left >= 0 then fault = 'a counter that expires' end
                end
                if fault and #odd < 20 then
                    odd[#odd + 1] = key
                    odd[#odd + 1] = fault
                end
            end
        end
        return {step[1], locks, counters, odd}
        """)
}
