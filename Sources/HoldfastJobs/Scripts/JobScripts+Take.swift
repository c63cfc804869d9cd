import HoldfastRedis

extension JobScripts {
    /// Takes jobs from an ordered list of queues and claims them in the same step.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; lease in milliseconds; margin in seconds (see ``WorkerConfiguration/margin``); how
    ///   many jobs at most; how many queues; the queues, first the most urgent; one fresh execution id a job.
    /// - Returns: `{suspended, skipped, time, job, job, …}`: `suspended` is 1 under `rq suspend` (then nothing is
    ///   taken); `skipped` counts ids whose record is gone or that do not wait any more; `time` is the server's; a
    ///   job is `{queue, id, execution, data, timeout, token, executions, crashes}`, with '' for a missing timeout.
    ///
    /// Pop and claim are one script, so a popped id is in `rq:wip` before anyone, a crash included, can come between.
    /// An id counts as waiting if its status is queued or created or missing (a hand-written minimum record); also
    /// if it says started while no execution is registered. Everything else has been taken already by way of another
    /// entry of the list, or was canceled. At most 1000 such ids are skipped in one call.
    static let take = RedisScript(
        name: "take",
        Lua.prelude + """
            local worker, lease, margin, want = ARGV[2], tonumber(ARGV[3]) / 1000, tonumber(ARGV[4]), tonumber(ARGV[5])
            local queues = tonumber(ARGV[6])
            local out, taken, skipped = { 0, 0, STAMP }, 0, 0
            if redis.call('EXISTS', P .. ':suspended') == 1 then return { 1, 0, STAMP } end
            local deadline = NOW + lease
            local score, live = math.ceil(deadline) + margin, math.ceil(lease) + margin + 60
            local function waits(job, status)
              if status == 'queued' or status == 'created' or not status then return true end
              return status == 'started' and redis.call('ZCARD', P .. ':executions:' .. job) == 0
            end
            local function claim(queue, job, known)
              local hash, execution = P .. ':job:' .. job, ARGV[6 + queues + taken + 1]
              local member = job .. ':' .. execution
              redis.call('ZADD', P .. ':wip:' .. queue, score, member)
              redis.call('ZADD', P .. ':lease:' .. queue, deadline, member)
              redis.call('HSET', P .. ':execution:' .. member, 'id', execution, 'job_id', job,
                'created_at', STAMP, 'last_heartbeat', STAMP, 'worker_name', worker)
              redis.call('EXPIRE', P .. ':execution:' .. member, live)
              redis.call('ZADD', P .. ':executions:' .. job, score + 60, execution)
              redis.call('EXPIRE', P .. ':executions:' .. job, live + 60)
              redis.call('SADD', P .. ':worker:' .. worker .. ':executions', member)
              redis.call('HSET', hash, 'status', 'started', 'started_at', ISO, 'last_heartbeat', ISO,
                'ended_at', '', 'worker_name', worker)
              if not known[4] then redis.call('HSET', hash, 'origin', queue) end
              redis.call('PERSIST', hash)
              redis.call('PERSIST', hash .. ':dependents')
              redis.call('PERSIST', P .. ':job::' .. job .. ':dependencies')
              taken = taken + 1
              out[#out + 1] = { queue, job, execution, known[1], known[3] or '',
                redis.call('HINCRBY', hash, 'hf_token', 1), redis.call('HINCRBY', hash, 'hf_executions', 1),
                tonumber(known[5]) or 0 }
            end
            for index = 1, queues do
              local queue = ARGV[6 + index]
              while taken < want and skipped < 1000 do
                local job = redis.call('LPOP', P .. ':queue:' .. queue)
                if not job then break end
                local known = string.find(job, '^[%w_-]+$')
                  and redis.pcall('HMGET', P .. ':job:' .. job, 'data', 'status', 'timeout', 'origin', 'hf_crashes')
                if known and not known.err and known[1] and waits(job, known[2]) then
                  claim(queue, job, known)
                else
                  skipped = skipped + 1
                end
              end
            end
            if taken > 0 then
              redis.call('EXPIRE', P .. ':worker:' .. worker .. ':executions', live + 60)
              if redis.call('EXISTS', P .. ':worker:' .. worker) == 1 then
                redis.call('HSET', P .. ':worker:' .. worker, 'state', 'busy')
              end
            end
            out[2] = skipped
            return out
            """)
}
