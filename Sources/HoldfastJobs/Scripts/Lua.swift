/// Pieces that several scripts share. A script is put together from them once, when its constant is made.
///
/// All keys are built inside the scripts, from the prefix in ARGV[1] and from names that are found in lists: which
/// job a take will touch is known only once it is popped. Redis allows that on a single node (not on Redis Cluster),
/// and a queue lives on a single node. Every time comes from the server's `TIME`, so workers' clocks do not matter.
enum Lua {
    /// `P` the prefix; `NOW` the server's time in seconds; `STAMP` as text for stream and execution fields; `ISO` as
    /// text for job and worker fields (H. Hinnant's civil_from_days); `field(hash, name)` a field or ''.
    static let prelude = """
        local P = ARGV[1]
        local T = redis.call('TIME')
        local SEC, USEC = tonumber(T[1]), tonumber(T[2])
        local NOW = SEC + USEC / 1000000
        local STAMP = string.format('%d.%06d', SEC, USEC)
        local ISO
        do
          local floor = math.floor
          local days = floor(SEC / 86400)
          local rest = SEC - days * 86400
          local era = floor((days + 719468) / 146097)
          local doe = days + 719468 - era * 146097
          local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
          local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
          local mp = floor((5 * doy + 2) / 153)
          local day = doy - floor((153 * mp + 2) / 5) + 1
          local month = mp < 10 and mp + 3 or mp - 9
          local year = yoe + era * 400 + (month <= 2 and 1 or 0)
          ISO = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, day,
            floor(rest / 3600), floor(rest / 60) % 60, rest % 60, USEC)
        end
        local function field(hash, name)
          return redis.call('HGET', hash, name) or ''
        end

        """

    /// `release(queue, job, execution, worker)` removes every trace of an execution; its job is then in no registry.
    static let release = """
        local function release(queue, job, execution, worker)
          local member = job .. ':' .. execution
          redis.call('DEL', P .. ':execution:' .. member)
          redis.call('ZREM', P .. ':wip:' .. queue, member)
          redis.call('ZREM', P .. ':lease:' .. queue, member)
          redis.call('ZREM', P .. ':executions:' .. job, execution)
          if worker ~= '' then redis.call('SREM', P .. ':worker:' .. worker .. ':executions', member) end
        end

        """

    /// `push(queue, job, front)` makes a job wait in its queue.
    static let push = """
        local function push(queue, job, front)
          redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          redis.call('HSET', P .. ':job:' .. job, 'status', 'queued', 'enqueued_at', ISO, 'worker_name', '')
          redis.call(front and 'LPUSH' or 'RPUSH', P .. ':queue:' .. queue, job)
        end

        """

    /// `retain(job, seconds)` sets how long a job's record stays: -1 for ever, 0 not at all.
    static let retain = """
        local function retain(job, seconds)
          local keys = { P .. ':job:' .. job, P .. ':job:' .. job .. ':dependents',
            P .. ':job::' .. job .. ':dependencies' }
          for _, key in ipairs(keys) do
            if seconds == 0 then redis.call('DEL', key)
            elseif seconds < 0 then redis.call('PERSIST', key)
            else redis.call('EXPIRE', key, seconds) end
          end
        end

        """

    /// `record(job, seconds, ...)` appends to a job's result stream and sets how long that stays.
    static let record = """
        local function record(job, seconds, ...)
          local key = P .. ':results:' .. job
          redis.call('XADD', key, 'MAXLEN', '~', 10, '*', ...)
          if seconds < 0 then redis.call('PERSIST', key) else redis.call('EXPIRE', key, seconds) end
        end

        """

    /// `count(worker, name, seconds)` adds to a worker's statistics, and says when it is idle; not to the hash of a
    /// worker that is gone.
    static let count = """
        local function count(worker, name, seconds)
          local key = P .. ':worker:' .. worker
          if redis.call('EXISTS', key) == 0 then return end
          redis.call('HINCRBY', key, name, 1)
          if seconds > 0 then redis.call('HINCRBYFLOAT', key, 'total_working_time', string.format('%.6f', seconds)) end
          if redis.call('EXISTS', key .. ':executions') == 0 then redis.call('HSET', key, 'state', 'idle') end
        end

        """

    /// `wake(job, status)` enqueues those jobs waiting for `job` whose every dependency is met now: finished or gone,
    /// or failed where the dependent allows that. Linear in the number of dependents, as in RQ itself.
    static let wake = """
        local function wake(job, status)
          local waiting = P .. ':job:' .. job .. ':dependents'
          for _, child in ipairs(redis.call('SMEMBERS', waiting)) do
            local hash = P .. ':job:' .. child
            local tolerant = field(hash, 'allow_dependency_failures') == '1'
            local met = field(hash, 'status') == 'deferred' and (status == 'finished' or tolerant)
            if met then
              for _, other in ipairs(redis.call('SMEMBERS', P .. ':job::' .. child .. ':dependencies')) do
                if other ~= job then
                  local state = field(P .. ':job:' .. other, 'status')
                  if state ~= '' and state ~= 'finished' and not (state == 'failed' and tolerant) then met = false end
                end
              end
            end
            if met then
              local queue = field(hash, 'origin')
              redis.call('ZREM', P .. ':deferred:' .. queue, child)
              redis.call('SREM', waiting, child)
              push(queue, child, field(hash, 'enqueue_at_front') == '1')
              local ttl = tonumber(field(hash, 'ttl'))
              if ttl and ttl > 0 then redis.call('EXPIRE', hash, ttl) end
            end
          end
        end

        """

    /// `fail(queue, job, worker, execution, started, failure)` records a job's final failure: `failure` is base64 of
    /// zlib. Needs record, retain, wake and push.
    static let fail = """
        local function fail(queue, job, worker, execution, started, failure)
          local hash = P .. ':job:' .. job
          local keep = tonumber(field(hash, 'failure_ttl')) or 31536000
          redis.call('HSET', hash, 'status', 'failed', 'ended_at', ISO, 'hf_completed_by', execution)
          redis.call('ZADD', P .. ':failed:' .. queue, keep < 0 and keep or SEC + keep, job)
          record(job, keep, 'type', '2', 'worker_name', worker, 'exc_string', failure,
            'execution_id', execution, 'execution_started_at', started, 'execution_ended_at', STAMP)
          retain(job, keep)
          wake(job, 'failed')
        end

        """
}
