extension Lua {
    /// RQ 3.0's limits by key (its `rate_limit.py`; ours is the rate), on the same keys: `rq:rl-keys` lists them,
    /// `rq:rl:<key>` holds what a limit says, `…:allowed` the jobs that hold a place and `…:rate_limited` those that
    /// wait for one, by when they came.
    /// - `limit(job)`: what a job's record says of its limit: `{key, concurrency, interval, burst}`, or nil.
    /// - `line(job, known, order)`: makes a job wait for its place; `order` tells those of one moment apart.
    /// - `fill(key)`: lets jobs into their queues while there is room, and time. A place that a rate gives is one of
    ///   the generic cell rate algorithm: `hf_due` is when the bucket would be full again.
    /// - `vacate(job, key)`: gives a job's place to the next, unless the job waits or runs.
    static let limits = """
        local function limit(job)
          local known = call('HMGET', P .. ':job:' .. job, 'rate_limit_key', 'rate_limit_concurrency',
            'hf_rate_interval', 'hf_rate_burst') or {}
          if not known[1] or known[1] == '' or not tonumber(known[2] or '') then return nil end
          return known
        end
        local function line(job, known, order)
          local base = P .. ':rl:' .. known[1]
          call('SADD', P .. ':rl-keys', known[1])
          call('HSET', base, 'concurrency', known[2])
          if known[3] then
            call('HSET', base, 'hf_interval', known[3], 'hf_burst', known[4] or '1')
          else
            call('HDEL', base, 'hf_interval', 'hf_burst', 'hf_due')
          end
          call('ZADD', base .. ':rate_limited', string.format('%.6f', NOW + order / 1000000), job)
        end
        local function fill(key)
          local base = P .. ':rl:' .. key
          local known = call('HMGET', base, 'concurrency', 'hf_interval', 'hf_burst', 'hf_due') or {}
          local free = (tonumber(known[1] or '') or 0) - (call('ZCARD', base .. ':allowed') or 0)
          local interval, burst = tonumber(known[2] or ''), tonumber(known[3] or '') or 1
          local due, spent = math.max(tonumber(known[4] or '') or 0, NOW), false
          while free > 0 and (not interval or due + interval - NOW <= interval * burst + 0.000001) do
            local next = call('ZPOPMIN', base .. ':rate_limited') or {}
            if not next[1] then break end
            local hash = P .. ':job:' .. next[1]
            local job = call('HMGET', hash, 'origin', 'status', 'enqueue_at_front') or {}
            if job[1] and job[2] == 'rate_limited' then
              call('ZADD', base .. ':allowed', STAMP, next[1])
              call('SADD', P .. ':queues', P .. ':queue:' .. job[1])
              call('HSET', hash, 'status', 'queued', 'enqueued_at', ISO)
              call(job[3] == '1' and 'LPUSH' or 'RPUSH', P .. ':queue:' .. job[1], next[1])
              free = free - 1
              if interval then due, spent = due + interval, true end
            end
          end
          if spent then call('HSET', base, 'hf_due', string.format('%.6f', due)) end
        end
        local function vacate(job, key)
          local status = field(P .. ':job:' .. job, 'status')
          if status == 'queued' or status == 'started' then return end
          if call('ZREM', P .. ':rl:' .. key .. ':allowed', job) == 1 then fill(key) end
        end

        """
}
