import HoldfastRedis

extension LockScripts {
    /// Looks at locks without touching them.
    ///
    /// KEYS: L and C of each lock, in turn.
    /// ARGV: none.
    /// Returns: of each lock that is kept {place in KEYS, owner value, ms left or -1, counter or ''}.
    /// Atomic: owner, time and counter belong to the same moment, so a counter is never told of another owner.
    static let inspect = RedisScript(
        name: "inspect",
        """
        local found = {}
        for place = 1, #KEYS, 2 do
            local owner = redis.pcall('GET', KEYS[place])
            local count = redis.pcall('GET', KEYS[place + 1])
            if type(owner) == 'string' then
                if type(count) ~= 'string' then count = '' end
                found[#found + 1] = {place, owner, redis.call('PTTL', KEYS[place]), count}
            end
        end
        return found
        """)
}
