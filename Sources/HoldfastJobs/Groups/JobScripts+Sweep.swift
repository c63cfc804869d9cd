import HoldfastRedis

extension JobScripts {
    /// Removes leftovers of records that have expired or were deleted: unique keys, members of groups, groups.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many unique keys and members to look at, and of how many groups.
    /// - Returns: how many were removed.
    ///
    /// One script, so that what it removes is judged in the same step. A sample by chance each time, so that it costs
    /// the same however much there is; what is no record's is found sooner or later. Correctness never depends on it.
    static let sweep = RedisScript(
        name: "sweep",
        """
        local P, sample, removed = ARGV[1], tonumber(ARGV[2]), 0
        local function gone(job) return not job or redis.call('EXISTS', P .. ':job:' .. job) == 0 end
        for _, key in ipairs(redis.call('HRANDFIELD', P .. ':hf:unique', sample)) do
          if gone(redis.call('HGET', P .. ':hf:unique', key)) then
            removed = removed + redis.call('HDEL', P .. ':hf:unique', key)
          end
        end
        for _, name in ipairs(redis.call('SRANDMEMBER', P .. ':groups', tonumber(ARGV[3]))) do
          local group = P .. ':group:' .. name
          for _, job in ipairs(redis.call('SRANDMEMBER', group, sample)) do
            if gone(job) then removed = removed + redis.call('SREM', group, job) end
          end
          if redis.call('EXISTS', group) == 0 then redis.call('SREM', P .. ':groups', name) end
        end
        return removed
        """)
}
