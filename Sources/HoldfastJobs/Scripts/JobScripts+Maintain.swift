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
        Lua.prelude + Lua.runs + Lua.release + Lua.push + Lua.retain + Lua.span + Lua.record + Lua.wake
            + Lua.follow + Lua.prune + Lua.fail + Lua.unix + """
                local limit, tolerance, reason, out = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], {}
                local function repair(queue, member, ended)
                  local job, execution = string.match(member, '^([%w_-]+):(%w+)$')
                  if not job then
                    call('ZREM', P .. ':wip:' .. queue, member)
                    call('ZREM', P .. ':lease:' .. queue, member)
                    return
                  end
                  if not call('ZSCORE', P .. ':wip:' .. queue, member) then
                    call('ZREM', P .. ':lease:' .. queue, member)
                    return
                  end
                  local hash, run = P .. ':job:' .. job, P .. ':execution:' .. member
                  local worker, started = field(run, 'worker_name'), field(run, 'created_at')
                  -- An execution that was never renewed has no record of its own; its job's says the same.
                  if worker == '' then worker = field(hash, 'worker_name') end
                  if started == '' then started = unix(field(hash, 'started_at')) end
                  release(queue, job, execution, worker)
                  local what, crashes = 'dropped', 0
                  if field(hash, 'status') == 'started' and not runs(job, queue) then
                    crashes = call('HINCRBY', hash, 'hf_crashes', 1)
                    if crashes >= tolerance then
                      fail(queue, job, worker, execution, started, reason)
                      -- The lost execution did not complete it: if it comes back, it is refused, not recognised.
                      call('HDEL', hash, 'hf_crashes', 'hf_completed_by')
                      what = 'failed'
                    else
                      push(queue, job, true)
                      what = 'requeued'
                    end
                  end
                  out[#out + 1] = { queue, job, execution, worker, crashes, what, math.floor((NOW - ended) * 1000) }
                end
                local function forget(list)
                  for _, worker in ipairs(call('SRANDMEMBER', list, 5)) do
                    if call('EXISTS', worker) == 0 then call('SREM', list, worker) end
                  end
                end
                forget(P .. ':workers')
                for at = 5, #ARGV do
                  local queue = ARGV[at]
                  forget(P .. ':workers:' .. queue)
                  for _, registry in ipairs({ 'lease', 'wip' }) do
                    local late = call('ZRANGEBYSCORE', P .. ':' .. registry .. ':' .. queue, '-inf', NOW,
                      'WITHSCORES', 'LIMIT', 0, limit)
                    for index = 1, #late, 2 do repair(queue, late[index], tonumber(late[index + 1])) end
                  end
                  call('ZREMRANGEBYSCORE', P .. ':finished:' .. queue, 0, SEC)
                  call('ZREMRANGEBYSCORE', P .. ':failed:' .. queue, 0, SEC)
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
              for _, job in ipairs(call('ZRANGEBYSCORE', key, '-inf', NOW, 'LIMIT', 0, tonumber(ARGV[2]))) do
                call('ZREM', key, job)
                local hash = P .. ':job:' .. job
                if field(hash, 'status') == 'scheduled' then
                  local again = field(hash, 'ended_at') ~= '' and field(hash, 'enqueue_at_front_on_retry') == '1'
                  push(queue, job, again or field(hash, 'enqueue_at_front') == '1')
                  local ttl = tonumber(field(hash, 'ttl'))
                  if ttl and ttl > 0 then call('EXPIRE', hash, ttl) end
                  moved = moved + 1
                end
              end
            end
            return moved
            """)
}
