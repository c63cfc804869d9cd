import HoldfastRedis

extension JobScripts {
    /// Takes executions whose lease has run out away from their workers, and brings their jobs back to the front of
    /// the queue; a job that did this to its workers too often fails instead.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many executions a queue at most; how many crashes a job may have before it fails; the
    ///   reason of that failure (base64 of zlib); the queues.
    /// - Returns: for each execution `{queue, job, execution, worker, crashes, what, overdue}`: `what` is `requeued`,
    ///   `failed` (poison) or `dropped` (nothing to bring back: the job was deleted or completed unconditionally by
    ///   a Python worker, or another execution of it runs); `overdue` counts milliseconds since the lease ended.
    ///
    /// Leases of our workers end at their score in `rq:lease`; executions of Python's workers have none there and
    /// end at their score in `rq:wip`. Because leaving `rq:wip` and entering the queue are one script, any number of
    /// workers may run it at once: each execution is repaired by one of them.
    /// Also removes finished and failed jobs from their registries when their time is over, and, a few at a time,
    /// workers from RQ's lists whose record has expired.
    static let repair = RedisScript(
        name: "repair",
        Lua.prelude + Lua.release + Lua.push + Lua.retain + Lua.record + Lua.wake + Lua.fail + """
            local limit, tolerance, reason, out = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], {}
            local function another(queue, job)
              for _, execution in ipairs(redis.call('ZRANGE', P .. ':executions:' .. job, 0, -1)) do
                if redis.call('ZSCORE', P .. ':wip:' .. queue, job .. ':' .. execution) then return true end
              end
              return false
            end
            local function repair(queue, member, ended)
              local job, execution = string.match(member, '^([%w_-]+):(%w+)$')
              if not job then
                redis.call('ZREM', P .. ':wip:' .. queue, member)
                redis.call('ZREM', P .. ':lease:' .. queue, member)
                return
              end
              if not redis.call('ZSCORE', P .. ':wip:' .. queue, member) then
                redis.call('ZREM', P .. ':lease:' .. queue, member)
                return
              end
              local hash, run = P .. ':job:' .. job, P .. ':execution:' .. member
              local worker, started = field(run, 'worker_name'), field(run, 'created_at')
              release(queue, job, execution, worker)
              local what, crashes = 'dropped', 0
              if field(hash, 'status') == 'started' and not another(queue, job) then
                crashes = redis.call('HINCRBY', hash, 'hf_crashes', 1)
                if crashes >= tolerance then
                  fail(queue, job, worker, execution, started == '' and STAMP or started, reason)
                  redis.call('HDEL', hash, 'hf_crashes')
                  what = 'failed'
                else
                  push(queue, job, true)
                  what = 'requeued'
                end
              end
              out[#out + 1] = { queue, job, execution, worker, crashes, what, math.floor((NOW - ended) * 1000) }
            end
            local function forget(list)
              for _, worker in ipairs(redis.call('SRANDMEMBER', list, 5)) do
                if redis.call('EXISTS', worker) == 0 then redis.call('SREM', list, worker) end
              end
            end
            forget(P .. ':workers')
            for at = 5, #ARGV do
              local queue = ARGV[at]
              forget(P .. ':workers:' .. queue)
              for _, registry in ipairs({ 'lease', 'wip' }) do
                local late = redis.call('ZRANGEBYSCORE', P .. ':' .. registry .. ':' .. queue, '-inf', NOW,
                  'WITHSCORES', 'LIMIT', 0, limit)
                for index = 1, #late, 2 do repair(queue, late[index], tonumber(late[index + 1])) end
              end
              redis.call('ZREMRANGEBYSCORE', P .. ':finished:' .. queue, 0, SEC)
              redis.call('ZREMRANGEBYSCORE', P .. ':failed:' .. queue, 0, SEC)
            end
            return out
            """)

    /// Moves scheduled jobs that are due into their queues.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many jobs a queue at most; the queues.
    /// - Returns: how many were moved.
    ///
    /// Finding, removing and pushing are one script, so two schedulers never enqueue a job twice. A job that is no
    /// longer in state scheduled only loses its entry.
    static let promote = RedisScript(
        name: "promote",
        Lua.prelude + Lua.push + """
            local moved = 0
            for at = 3, #ARGV do
              local queue = ARGV[at]
              local key = P .. ':scheduled:' .. queue
              for _, job in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', NOW, 'LIMIT', 0, tonumber(ARGV[2]))) do
                redis.call('ZREM', key, job)
                local hash = P .. ':job:' .. job
                if field(hash, 'status') == 'scheduled' then
                  push(queue, job, field(hash, 'enqueue_at_front_on_retry') == '1')
                  moved = moved + 1
                end
              end
            end
            return moved
            """)
}
