import HoldfastRedis

extension JobScripts {
    /// Keeps a waiting job from ever running.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; job; 1 if jobs that wait for it shall go on as if it had finished, else 0.
    /// - Returns: `{'canceled', enqueued, waiting}`: how many of those that wait for it were enqueued, and how many go
    ///   on waiting; or `{status}` if it is over or runs, or `{'missing'}`, and then nothing was written.
    ///
    /// One script: no worker can take the job between the test and its removal from the queue.
    static let cancel = RedisScript(
        name: "cancel",
        Lua.prelude + Lua.lenient + Lua.push + Lua.wake + Lua.leave + Lua.settle + """
            local job, free = ARGV[2], ARGV[3] == '1'
            local hash = P .. ':job:' .. job
            if redis.call('HEXISTS', hash, 'data') == 0 then return { 'missing' } end
            local status, queue = field(hash, 'status'), field(hash, 'origin')
            if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled' then
              return { status }
            end
            if #running(job) > 0 then return { 'started' } end
            leave(queue, job)
            forsake(job)
            redis.call('HSET', hash, 'status', 'canceled')
            redis.call('PERSIST', hash)
            redis.call('ZADD', P .. ':canceled:' .. queue, SEC, job)
            local enqueued, waiting = settle(job, free)
            return { 'canceled', enqueued, waiting }
            """)

    /// Enqueues failed or stopped jobs again.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; 1 for the front of the queue, else 0; the jobs.
    /// - Returns: for each job `requeued`, `missing`, `doubled` (another job of its unique key is live), or the status
    ///   that forbids it.
    ///
    /// One script, so two operators who press the button at once enqueue it once.
    static let requeue = RedisScript(
        name: "requeue",
        Lua.prelude + Lua.lenient + Lua.push + Lua.standing + Lua.requeue + """
            local out = {}
            for at = 3, #ARGV do
              local known = redis.call('HEXISTS', P .. ':job:' .. ARGV[at], 'data') == 1
              out[#out + 1] = known and requeue(ARGV[at], ARGV[2] == '1') or 'missing'
            end
            return out
            """)

    /// Enqueues again, oldest first, a batch of those failed jobs of a queue that had failed before a given time.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; queue; how many entries to look at; how many to pass over first; the time (as in a job's
    ///   `ended_at`), or '' for now.
    /// - Returns: `{time, requeued, vanished, passed}`: the time that applied; `vanished` counts entries without a
    ///   record, which are removed; `passed` those that failed after that time, or are not failed.
    ///
    /// The time keeps a job that fails again at once from being requeued for ever by the next batch.
    static let requeueFailed = RedisScript(
        name: "requeueFailed",
        Lua.prelude + Lua.lenient + Lua.push + Lua.standing + Lua.requeue + """
            local key, count, skip = P .. ':failed:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
            local before = ARGV[5] == '' and ISO or ARGV[5]
            local requeued, vanished, passed = 0, 0, 0
            for _, job in ipairs(redis.call('ZRANGE', key, skip, skip + count - 1)) do
              local hash = P .. ':job:' .. job
              if redis.call('HEXISTS', hash, 'data') == 0 then
                redis.call('ZREM', key, job)
                vanished = vanished + 1
              elseif field(hash, 'ended_at') <= before and requeue(job, false) == 'requeued' then
                redis.call('ZREM', key, job)
                requeued = requeued + 1
              else
                passed = passed + 1
              end
            end
            return { before, requeued, vanished, passed }
            """)

    /// Deletes a job with its results and its place in every list.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; job; 1 if also while it runs, else 0; 1 if jobs that wait for it shall go on as if it had
    ///   finished, else 0.
    /// - Returns: `{'deleted', enqueued, waiting}` as ``cancel``; `{'started'}` if it runs, or `{'missing'}`, and then
    ///   nothing was written.
    ///
    /// One script. An execution that is deleted under its worker loses its lease by that: its outcome is refused, and
    /// the worker is told to stop its handler. Keys that cannot be used are left as they are.
    static let delete = RedisScript(
        name: "delete",
        Lua.prelude + Lua.lenient + Lua.release + Lua.push + Lua.wake + Lua.leave + Lua.evict + Lua.settle
            + Lua.disown + """
                local job, force, free = ARGV[2], ARGV[3] == '1', ARGV[4] == '1'
                local hash = P .. ':job:' .. job
                if redis.call('EXISTS', hash) == 0 then return { 'missing' } end
                local queue, limited = field(hash, 'origin'), field(hash, 'rate_limit_key') ~= ''
                local executions = running(job)
                if #executions > 0 and not force then return { 'started' } end
                -- What cannot be used must not stop it in the middle: then nobody would find the job any more.
                call = lenient
                for _, one in ipairs(executions) do
                  local ours = call('ZSCORE', P .. ':lease:' .. one.queue, job .. ':' .. one.id)
                  evict(job, one, ours)
                  tell(job, one, ours)
                end
                leave(queue, job)
                forsake(job)
                disown(job)
                local enqueued, waiting = settle(job, free)
                call('UNLINK', hash, P .. ':results:' .. job, hash .. ':dependents',
                  P .. ':job::' .. job .. ':dependencies')
                if #executions == 0 or not limited then call('UNLINK', P .. ':executions:' .. job) end
                return { 'deleted', enqueued, waiting }
                """)

    /// Removes a batch of the jobs that wait in a queue, with their records.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; queue; how many at most.
    /// - Returns: `{entries, deleted}`: entries taken off the list, and records deleted with them. An entry whose job
    ///   runs or is over (a doubled one) leaves its record alone.
    ///
    /// One script a batch: what a worker takes meanwhile is its, and what is deleted nobody can take.
    static let empty = RedisScript(
        name: "empty",
        Lua.prelude + Lua.disown + """
            local entries, deleted = 0, 0
            while entries < tonumber(ARGV[3]) do
              local job = redis.call('LPOP', P .. ':queue:' .. ARGV[2])
              if not job then break end
              entries = entries + 1
              local hash = P .. ':job:' .. job
              local status = redis.call('HGET', hash, 'status')
              if (not status or status == 'queued' or status == 'created') and redis.call('EXISTS', hash) == 1 then
                disown(job)
                redis.call('UNLINK', hash, P .. ':results:' .. job, hash .. ':dependents',
                  P .. ':job::' .. job .. ':dependencies')
                deleted = deleted + 1
              end
            end
            return { entries, deleted }
            """)

    /// Takes a dead worker off every list, and gives its executions back to the front of their queues.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; 1 if also when it seems to live, else 0.
    /// - Returns: `{'forgotten', returned}`; `{'alive'}` if its record has not expired, or `{'missing'}` if nothing is
    ///   known of it, and then nothing was written.
    ///
    /// One script, conditional on each execution being registered. If the worker lives after all, its outcomes are
    /// refused: the executions are not its any more. Neither a retry nor a crash is counted.
    static let forget = RedisScript(
        name: "forget",
        Lua.prelude + Lua.lenient + Lua.release + Lua.push + Lua.leave + """
            local worker, force = ARGV[2], ARGV[3] == '1'
            local key = P .. ':worker:' .. worker
            local lives = redis.call('EXISTS', key) == 1 and redis.call('HEXISTS', key, 'death') == 0
            if lives and not force then return { 'alive' } end
            local members = redis.call('SUNION', key .. ':executions', P .. ':claims:' .. worker)
            if not lives and #members == 0 and redis.call('SISMEMBER', P .. ':workers', key) == 0 then
              return { 'missing' }
            end
            local returned = 0
            for _, member in ipairs(members) do
              local job, execution = string.match(member, '^([%w_-]+):(%w+)$')
              for _, one in ipairs(job and running(job) or {}) do
                if one.id == execution then
                  release(one.queue, job, execution, worker)
                  if field(P .. ':job:' .. job, 'status') == 'started' then
                    push(one.queue, job, true)
                    returned = returned + 1
                  end
                end
              end
            end
            for name in string.gmatch(field(key, 'queues'), '[^,]+') do
              redis.call('SREM', P .. ':workers:' .. name, key)
            end
            redis.call('SREM', P .. ':workers', key)
            redis.call('DEL', key, key .. ':executions', P .. ':claims:' .. worker)
            return { 'forgotten', returned }
            """)

    /// Measures queues: how many jobs are in each state, and since when the next one waits.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; the queues.
    /// - Returns: `{time, suspended, queue, queue, …}`: the server's time (Unix seconds), 1 under `rq suspend`, and a
    ///   queue as `{queued, started, finished, failed, deferred, scheduled, canceled, paused, since}`, `since` being
    ///   the `enqueued_at` of its head, '' where that is unknown.
    ///
    /// Reads only. One script, so that the numbers of a queue belong together.
    static let measure = RedisScript(
        name: "measure",
        Lua.prelude + """
            local out = { STAMP, redis.call('EXISTS', P .. ':suspended') }
            for at = 2, #ARGV do
              local queue = ARGV[at]
              local entry = { redis.call('LLEN', P .. ':queue:' .. queue) }
              for _, registry in ipairs({ 'wip', 'finished', 'failed', 'deferred', 'scheduled', 'canceled' }) do
                entry[#entry + 1] = redis.call('ZCARD', P .. ':' .. registry .. ':' .. queue)
              end
              entry[#entry + 1] = redis.call('EXISTS', P .. ':paused:' .. queue)
              local head = redis.call('LINDEX', P .. ':queue:' .. queue, 0)
              entry[#entry + 1] = head and field(P .. ':job:' .. head, 'enqueued_at') or ''
              out[#out + 1] = entry
            end
            return out
            """)
}
