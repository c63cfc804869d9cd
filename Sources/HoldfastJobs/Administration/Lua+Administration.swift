extension Lua {
    /// `leave(queue, job)` takes a job that does not run out of its queue and of every registry; linear in the length
    /// of the queue, as RQ's own removal is. `running(job)` lists those of its executions that are registered, as
    /// tables of `queue`, `id`, `worker` and `started` (Unix seconds, '' if unknown): the one that its record names,
    /// and those in its list of executions.
    static let leave = """
        local function leave(queue, job)
          call('LREM', P .. ':queue:' .. queue, 0, job)
          for _, registry in ipairs({ 'finished', 'failed', 'deferred', 'scheduled', 'canceled', 'ready' }) do
            call('ZREM', P .. ':' .. registry .. ':' .. queue, job)
          end
          local limited = field(P .. ':job:' .. job, 'rate_limit_key')
          if limited ~= '' then call('ZREM', P .. ':rl:' .. limited .. ':rate_limited', job) end
        end
        local function running(job)
          local hash, found, seen = P .. ':job:' .. job, {}, {}
          local function look(queue, execution)
            local member = job .. ':' .. execution
            if seen[execution] or not call('ZSCORE', P .. ':wip:' .. queue, member) then return end
            seen[execution] = true
            local run = P .. ':execution:' .. member
            local worker = field(run, 'worker_name')
            found[#found + 1] = { queue = queue, id = execution, started = field(run, 'created_at'),
              worker = worker == '' and field(hash, 'worker_name') or worker }
          end
          local origin = field(hash, 'origin')
          local where, newest = string.match(field(hash, 'hf_execution'), '^(.+):(%w+)$')
          if where then look(where, newest) end
          for _, execution in ipairs(call('ZRANGE', P .. ':executions:' .. job, 0, -1) or {}) do
            look(origin, execution)
            if where then look(where, execution) end
          end
          return found
        end

        """

    /// What ends executions under their workers; needs lenient, release and leave.
    /// - `evict(job, one, ours)`: takes one of those that are `running` away. `ours` is the end of its lease, or false
    ///   for Python's, which have none. Its handler may go on until its worker hears of it. So if the job has a limit,
    ///   its list of executions names it until then, or until the lease would have ended: that holds the job's place,
    ///   as RQ's own `Job.delete` has it. The worker takes it off the list when the handler has returned.
    /// - `tell(job, one, ours)`: tells its worker to stop it. Ours are told which one, for a message may come when the
    ///   job was requeued and runs again, even at the same worker, and must not end that; Python's know `stop-job`
    ///   only. Whoever may not publish stops it all the same: the next renewal says so.
    static let evict = """
        local function evict(job, one, ours)
          local list = P .. ':executions:' .. job
          local ends = tonumber(ours or lenient('ZSCORE', P .. ':wip:' .. one.queue, job .. ':' .. one.id))
          release(one.queue, job, one.id, one.worker)
          if ends and ends > NOW and field(P .. ':job:' .. job, 'rate_limit_key') ~= '' then
            local score = math.ceil(math.min(ends, SEC + 86400))
            lenient('ZADD', list, int(score), one.id)
            local last = (lenient('ZRANGE', list, -1, -1, 'WITHSCORES') or {})[2]
            lenient('EXPIREAT', list, int(math.ceil(math.min(tonumber(last) or score, SEC + 86400)) + 1))
          end
        end
        local function tell(job, one, ours)
          if one.worker == '' then return end
          lenient('PUBLISH', P .. ':pubsub:' .. one.worker, cjson.encode(ours
            and { command = 'stop-execution', job_id = job, execution_id = one.id }
            or { command = 'stop-job', job_id = job }))
        end

        """

    /// `settle(job, free)` deals with those that wait for a job which will never finish, and returns how many were
    /// enqueued and how many go on waiting. With `free` it counts as finished for them, which is what RQ's
    /// `cancel(enqueue_dependents=True)` does; else they stay deferred, as in RQ. Needs wake and push.
    static let settle = """
        local function settle(job, free)
          local waiting = P .. ':job:' .. job .. ':dependents'
          local function deferred()
            local count = 0
            for _, child in ipairs(call('SMEMBERS', waiting) or {}) do
              if field(P .. ':job:' .. child, 'status') == 'deferred' then count = count + 1 end
            end
            return count
          end
          local before = deferred()
          if free then wake(job, 'finished') end
          local after = deferred()
          return before - after, after
        end
        local function forsake(job)
          for _, parent in ipairs(call('SMEMBERS', P .. ':job::' .. job .. ':dependencies') or {}) do
            call('SREM', P .. ':job:' .. parent .. ':dependents', job)
          end
        end

        """

    /// `disown(job)` makes a job that is deleted leave its group and give its unique key back.
    static let disown = """
        local function disown(job)
          local hash = P .. ':job:' .. job
          local group, key = field(hash, 'group_id'), field(hash, 'hf_unique')
          if group ~= '' then call('SREM', P .. ':group:' .. group, job) end
          if key ~= '' and call('HGET', P .. ':hf:unique', key) == job then
            call('HDEL', P .. ':hf:unique', key)
          end
        end

        """

    /// `requeue(job, front)` brings a failed or stopped job back into its queue, by RQ's rules: it leaves the registry
    /// of failed jobs and its times are cleared; its count of crashes begins anew. Returns `requeued`,
    /// `doubled` if another job of its unique key is live, or the status that forbids it. Needs push and standing.
    static let requeue = """
        local function requeue(job, front)
          local hash = P .. ':job:' .. job
          local status, queue = field(hash, 'status'), field(hash, 'origin')
          if status ~= 'failed' and status ~= 'stopped' then return status end
          local key = field(hash, 'hf_unique')
          if key ~= '' then
            if liveHolder(key) then return 'doubled' end
            call('HSET', P .. ':hf:unique', key, job)
          end
          call('ZREM', P .. ':failed:' .. queue, job)
          call('HSET', hash, 'started_at', '', 'ended_at', '')
          call('HDEL', hash, 'hf_crashes')
          for _, key in ipairs({ hash, hash .. ':dependents', P .. ':job::' .. job .. ':dependencies' }) do
            call('PERSIST', key)
          end
          push(queue, job, front)
          local ttl = tonumber(field(hash, 'ttl'))
          if ttl and ttl > 0 then call('EXPIRE', hash, ttl) end
          return 'requeued'
        end

        """
}
