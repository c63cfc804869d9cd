import HoldfastRedis

extension JobScripts {
    /// Gives back the places of jobs that neither wait nor run any more, and lets in whom the limits allow by now.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; for how many milliseconds one call is enough for all workers.
    /// - Returns: 1 if it looked, 0 if another has lately.
    ///
    /// What a completion frees it gives to the next by itself; this is for what ends in another way (canceled, deleted,
    /// expired, lost with its worker) and for rates, which only time fulfils. A key that nobody uses is forgotten.
    /// Bounded by 1000 keys by chance, and the 1000 oldest places of each.
    static let refill = RedisScript(
        name: "refill",
        Lua.prelude + Lua.runs + Lua.limits + """
            if not call('SET', P .. ':hf:refill', '1', 'NX', 'PX', ARGV[2]) then return 0 end
            for _, key in ipairs(call('SRANDMEMBER', P .. ':rl-keys', 1000)) do
              local base = P .. ':rl:' .. key
              for _, job in ipairs(call('ZRANGE', base .. ':allowed', 0, 999)) do
                local status = field(P .. ':job:' .. job, 'status')
                local isOn = status == 'queued' or status == 'started' or runs(job, '')
                  or call('ZCOUNT', P .. ':executions:' .. job, '(' .. STAMP, '+inf') > 0
                if not isOn then call('ZREM', base .. ':allowed', job) end
              end
              fill(key)
              local due = tonumber(call('HGET', base, 'hf_due') or '') or 0
              if call('EXISTS', base .. ':allowed', base .. ':rate_limited') == 0 and due <= NOW then
                call('SREM', P .. ':rl-keys', key)
                call('DEL', base)
              end
            end
            return 1
            """)

    /// Lists limits.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many at most.
    /// - Returns: for each `{key, concurrency, interval, burst, allowed, waiting}`, with '' for what is not set.
    ///
    /// Reads only. One script, so that the numbers of a limit belong together.
    static let listLimits = RedisScript(
        name: "listLimits",
        Lua.prelude + """
            local out = {}
            for _, key in ipairs(call('SRANDMEMBER', P .. ':rl-keys', ARGV[2])) do
              local base = P .. ':rl:' .. key
              local known = call('HMGET', base, 'concurrency', 'hf_interval', 'hf_burst')
              out[#out + 1] = { key, known[1] or '', known[2] or '', known[3] or '',
                call('ZCARD', base .. ':allowed'), call('ZCARD', base .. ':rate_limited') }
            end
            return out
            """)
}
