import HoldfastRedis

extension JobScripts {
    /// Removes leftovers of records that have expired or were deleted: unique keys, members of groups, groups.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many unique keys to look at; how many groups, and how many members of each.
    /// - Returns: `{trouble, again}`: 1 if at least a quarter of the unique keys, or of the groups, that were looked at
    ///   was of no use any more, in whole or in part, else 0; the first error of keys that cannot be used, or ''.
    ///
    /// One script, so that what it removes is judged in the same step. A sample by chance each time, so that it costs
    /// the same however much there is; what is no record's is found sooner or later, and whoever calls it calls again
    /// while it finds much (Redis expires its keys in this way). Correctness never depends on it.
    static let sweep = RedisScript(
        name: "sweep",
        Lua.prelude + Lua.lenient + """
            call = lenient
            local again = 0
            local function judge(looked, removed)
              if looked > 0 and removed * 4 >= looked then again = 1 end
            end
            local function gone(job) return not job or call('EXISTS', P .. ':job:' .. job) == 0 end
            local keys, removed = call('HRANDFIELD', P .. ':hf:unique', tonumber(ARGV[2])) or {}, 0
            for _, key in ipairs(keys) do
              if gone(call('HGET', P .. ':hf:unique', key)) then
                removed = removed + (call('HDEL', P .. ':hf:unique', key) or 0)
              end
            end
            judge(#keys, removed)
            local groups = call('SRANDMEMBER', P .. ':groups', tonumber(ARGV[3])) or {}
            removed = 0
            for _, name in ipairs(groups) do
              local group, left = P .. ':group:' .. name, {}
              for _, job in ipairs(call('SRANDMEMBER', group, tonumber(ARGV[4])) or {}) do
                if gone(job) then left[#left + 1] = job end
              end
              if #left > 0 then call('SREM', group, unpack(left)) end
              local over = call('EXISTS', group) == 0
              if over then call('SREM', P .. ':groups', name) end
              if over or #left > 0 then removed = removed + 1 end
            end
            judge(#groups, removed)
            return { trouble, again }
            """)
}
