import HoldfastRedis

extension LockScripts {
    /// Looks at locks without touching them.
    ///
    /// KEYS: L and C of each lock, in turn.
    /// ARGV: none.
    /// Returns: of each hold {place in KEYS, owner value, ms left or -1, counter or '', 1 if it is a reader's else 0}.
    /// Atomic: owners, times and counter belong to the same moment, so a counter is never told of another owner.
    static let inspect = RedisScript(
        name: "inspect",
        """
        local found = {}
        \(now)
        for place = 1, #KEYS, 2 do
            local owner = redis.pcall('GET', KEYS[place])
            local count = redis.pcall('GET', KEYS[place + 1])
            if type(count) ~= 'string' then count = '' end
            if type(owner) == 'string' then
                found[#found + 1] = {place, owner, redis.call('PTTL', KEYS[place]), count, 0}
            elseif owner then
                local readers = redis.pcall('ZRANGEBYSCORE', KEYS[place], '(' .. now, '+inf', 'WITHSCORES')
                for reader = 1, #readers, 2 do
                    if readers[reader] ~= 'writer' then
                        found[#found + 1] = {place, readers[reader], readers[reader + 1] - now, count, 1}
                    end
                end
            end
        end
        return found
        """)
}
