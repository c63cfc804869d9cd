extension Lua {
    /// RQ 3.0's limits by key (its `rate_limit.py`; ours is the rate), on the same keys: `rq:rl-keys` lists them,
    /// `rq:rl:<key>` holds what a limit says, `…:allowed` the jobs that hold a place and `…:rate_limited` those that
    /// wait for one, by when they came. Ours is `rq:hf:due:<key>`, when the bucket of a rate will be full again: a key
    /// of its own, for RQ's maintenance deletes those of a limit without jobs.
    /// - `limit(job)`: what a job's record says of its limit: `{key, concurrency, interval, burst}`, or nil.
    /// - `line(job, known, order, decides)`: makes a job wait for its place; false if it cannot. `order` tells those of
    ///   one moment apart; with `decides` the limit is from now on what this job says.
    /// - `fill(key)`: lets jobs into their queues while there is room, and time (the generic cell rate algorithm), 500
    ///   at most, and returns how many. A job whose queue cannot be used goes behind the others.
    /// - `vacate(job, key)`: gives a job's place to the next, unless the job waits or runs.
    ///
    /// No error of a limit's keys ends a script: what was written before it stands, and maintenance comes again. Needs
    /// lenient.
    static let limits = """
        local function limit(job)
          local known = lenient('HMGET', P .. ':job:' .. job, 'rate_limit_key', 'rate_limit_concurrency',
            'hf_rate_interval', 'hf_rate_burst') or {}
          if not known[1] or known[1] == '' or not tonumber(known[2] or '') then return nil end
          return known
        end
        local function line(job, known, order, decides)
          local base = P .. ':rl:' .. known[1]
          if not lenient('ZADD', base .. ':rate_limited', string.format('%.6f', NOW + order / 1000000), job) then
            return false
          end
          lenient('SADD', P .. ':rl-keys', known[1])
          if decides or lenient('EXISTS', base) == 0 then
            lenient('HSET', base, 'concurrency', known[2])
            if known[3] then
              lenient('HSET', base, 'hf_interval', known[3], 'hf_burst', known[4] or '1')
            else
              lenient('HDEL', base, 'hf_interval', 'hf_burst')
            end
          end
          return true
        end
        local function fill(key)
          local base, bucket, admitted = P .. ':rl:' .. key, P .. ':hf:due:' .. key, 0
          local known = lenient('HMGET', base, 'concurrency', 'hf_interval', 'hf_burst') or {}
          local used = lenient('ZCARD', base .. ':allowed')
          if not used then return 0 end
          local free = math.min((tonumber(known[1] or '') or 0) - used, 500)
          local interval, due = tonumber(known[2] or ''), NOW
          local burst = interval and interval * (tonumber(known[3] or '') or 1) or 0
          local changed = false
          if interval then
            -- What an earlier rate, or a clock that was ahead, has left in the bucket counts as a full one.
            local stored = tonumber(lenient('GET', bucket) or '') or 0
            changed = stored > NOW + burst
            due = math.min(math.max(stored, NOW), NOW + burst)
          end
          while admitted < free and (not interval or due + interval - NOW <= burst + 0.000001) do
            local next = (lenient('ZRANGE', base .. ':rate_limited', 0, 0) or {})[1]
            if not next then break end
            local hash = P .. ':job:' .. next
            local job = lenient('HMGET', hash, 'origin', 'status', 'enqueue_at_front') or {}
            if not job[1] or job[2] ~= 'rate_limited' then
              lenient('ZREM', base .. ':rate_limited', next)
            elseif not lenient('LLEN', P .. ':queue:' .. job[1])
                or not lenient('ZADD', base .. ':allowed', STAMP, next) then
              lenient('ZADD', base .. ':rate_limited', STAMP, next)
              break
            else
              lenient('ZREM', base .. ':rate_limited', next)
              lenient('SADD', P .. ':queues', P .. ':queue:' .. job[1])
              lenient('HSET', hash, 'status', 'queued', 'enqueued_at', ISO)
              lenient(job[3] == '1' and 'LPUSH' or 'RPUSH', P .. ':queue:' .. job[1], next)
              admitted = admitted + 1
              if interval then due = due + interval end
            end
          end
          if interval and (changed or admitted > 0) then
            lenient('SET', bucket, string.format('%.6f', due), 'PX', int(math.ceil((due - NOW) * 1000) + 1))
          end
          return admitted
        end
        local function vacate(job, key)
          local status = field(P .. ':job:' .. job, 'status')
          if status == 'queued' or status == 'started' then return end
          if lenient('ZREM', P .. ':rl:' .. key .. ':allowed', job) == 1 then fill(key) end
        end

        """
}
