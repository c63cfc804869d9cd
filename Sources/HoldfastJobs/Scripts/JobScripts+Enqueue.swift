import HoldfastRedis

extension JobScripts {
    /// Enqueues jobs: all or none.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; the number of jobs; then for each job its queue, id, `front` (1 or 0), `ttl` (seconds in the
    ///   queue, 0 for any), the number of field arguments, and those (field, value, …). The fields `status`,
    ///   `created_at` and `enqueued_at` are set here, by the server's clock.
    /// - Returns: the ids that are live (created, waiting, running, deferred or scheduled); empty when all were
    ///   enqueued. If any is live nothing is written.
    ///
    /// One script, so no other client sees a record without its place in the queue, or takes an id in between the
    /// test and the write. An id that is over (finished, failed, stopped, canceled) is begun anew: its old record,
    /// results and registry entries go, only its execution token goes on counting.
    static let enqueue = RedisScript(
        name: "enqueue",
        Lua.prelude + Lua.push + """
            local live, at = {}, 3
            local over = { finished = true, failed = true, stopped = true, canceled = true }
            for _ = 1, tonumber(ARGV[2]) do
              local hash = P .. ':job:' .. ARGV[at + 1]
              if call('EXISTS', hash) == 1 and not over[field(hash, 'status')] then
                live[#live + 1] = ARGV[at + 1]
              end
              at = at + 5 + tonumber(ARGV[at + 4])
            end
            if #live > 0 then return live end
            at = 3
            for _ = 1, tonumber(ARGV[2]) do
              local queue, job, front = ARGV[at], ARGV[at + 1], ARGV[at + 2] == '1'
              local ttl, fields = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
              local hash = P .. ':job:' .. job
              if call('EXISTS', hash) == 1 then
                local origin, token = field(hash, 'origin'), call('HGET', hash, 'hf_token')
                for _, registry in ipairs({ 'finished', 'failed', 'canceled' }) do
                  call('ZREM', P .. ':' .. registry .. ':' .. origin, job)
                end
                call('DEL', hash, P .. ':results:' .. job, P .. ':job:' .. job .. ':dependents',
                  P .. ':job::' .. job .. ':dependencies')
                if token then call('HSET', hash, 'hf_token', token) end
              end
              call('HSET', hash, 'created_at', ISO, unpack(ARGV, at + 5, at + 4 + fields))
              if ttl > 0 then call('EXPIRE', hash, ttl) end
              push(queue, job, front)
              at = at + 5 + fields
            end
            return {}
            """)
}
