import HoldfastRedis

extension JobScripts {
    /// Gives back the places of jobs that neither wait nor run any more, and lets in whom the limits allow by now.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; for how many milliseconds one call is enough for all workers.
    /// - Returns: the first error of one key, which does not stop the others, or ''.
    ///
    /// What a completion frees it gives to the next by itself; this is for what ends in another way (canceled, deleted,
    /// expired, lost with its worker) and for rates, which only time fulfils. A key that nobody uses is forgotten.
    /// Bounded by 2000 places that are looked at and 2000 jobs that are let in, of keys by chance and of each key's
    /// places by chance: what is left comes with the next call.
    static let refill = RedisScript(
        name: "refill",
        Lua.prelude + Lua.lenient + Lua.runs + Lua.limits + """
            if not call('SET', P .. ':hf:refill', '1', 'NX', 'PX', ARGV[2]) then return '' end
            call = lenient
            local looks, admitted = 0, 0
            for _, key in ipairs(call('SRANDMEMBER', P .. ':rl-keys', 1000) or {}) do
              local base = P .. ':rl:' .. key
              for _, job in ipairs(call('ZRANDMEMBER', base .. ':allowed', math.min(200, 2000 - looks)) or {}) do
                looks = looks + 1
                local status = field(P .. ':job:' .. job, 'status')
                local isOn = status == 'queued' or status == 'started' or runs(job, '')
                  or (call('ZCOUNT', P .. ':executions:' .. job, '(' .. STAMP, '+inf') or 0) > 0
                if not isOn then call('ZREM', base .. ':allowed', job) end
              end
              admitted = admitted + fill(key)
              if call('EXISTS', base .. ':allowed', base .. ':rate_limited') == 0 then
                call('SREM', P .. ':rl-keys', key)
                call('DEL', base)
              end
              if looks >= 2000 or admitted >= 2000 then break end
            end
            return trouble
            """)

    /// Lists limits.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many at most.
    /// - Returns: for each `{key, concurrency, interval, burst, allowed, waiting}`, with '' for what is not set.
    ///
    /// Reads only. One script, so that the numbers of a limit belong together; what cannot be read counts as nothing.
    static let listLimits = RedisScript(
        name: "listLimits",
        Lua.prelude + Lua.lenient + """
            local out = {}
            call = lenient
            for _, key in ipairs(call('SRANDMEMBER', P .. ':rl-keys', ARGV[2]) or {}) do
              local base = P .. ':rl:' .. key
              local known = call('HMGET', base, 'concurrency', 'hf_interval', 'hf_burst') or {}
              out[#out + 1] = { key, known[1] or '', known[2] or '', known[3] or '',
                call('ZCARD', base .. ':allowed') or 0, call('ZCARD', base .. ':rate_limited') or 0 }
            end
            return out
            """)
}
