/// Pieces that several scripts share. A script is put together from them once, when its constant is made.
///
/// All keys are built inside the scripts, from the prefix in ARGV[1] and from names that are found in lists: which
/// job a take will touch is known only once it is popped. Redis allows that on a single node (not on Redis Cluster),
/// and a queue lives on a single node. Every time comes from the server's `TIME`, so workers' clocks do not matter.
enum Lua {
    /// `P` the prefix; `NOW` the server's time in seconds; `STAMP` as text for stream and execution fields; `ISO` as
    /// text for job and worker fields (H. Hinnant's civil_from_days); `call(…)` a command, whose error ends the
    /// script; `field(hash, name)` a field or ''; `int(number)` a whole number as text, for what is done once a job:
    /// Redis writes a number that a script passes to a command with 17 digits, which costs more than the rest of it.
    static let prelude = """
        local P = ARGV[1]
        local call = redis.call
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
          return call('HGET', hash, name) or ''
        end
        local written = {}
        local function int(number)
          local text = written[number]
          if not text then
            text = string.format('%d', number)
            written[number] = text
          end
          return text
        end

        """

    /// `lenient(…)` a command whose error does not end the script: it is nil, and the first one is kept in `trouble`.
    ///
    /// For batches. Redis does not take back what a script wrote before it failed, so one job's broken key must not
    /// stop the script in the middle of the others: `call = lenient` from the first write on.
    static let lenient = """
        local trouble = ''
        local function lenient(...)
          local reply = redis.pcall(...)
          if type(reply) == 'table' and reply.err then
            if trouble == '' then trouble = reply.err end
            return nil
          end
          return reply
        end

        """

    /// `runs(job, queue)` whether an execution of a job is registered: the one that its record names, or (Python's,
    /// and ours once renewed) one of its list of executions.
    static let runs = """
        local function runs(job, queue)
          local hash = P .. ':job:' .. job
          local where, execution = string.match(field(hash, 'hf_execution'), '^(.+):(%w+)$')
          if where and call('ZSCORE', P .. ':wip:' .. where, job .. ':' .. execution) then return true end
          local origin = field(hash, 'origin')
          for _, other in ipairs(call('ZRANGE', P .. ':executions:' .. job, 0, -1) or {}) do
            local member = job .. ':' .. other
            if call('ZSCORE', P .. ':wip:' .. queue, member) or call('ZSCORE', P .. ':wip:' .. origin, member) then
              return true
            end
          end
          return false
        end

        """

    /// `release(queue, job, execution, worker)` removes every trace of an execution; its job is then in no registry.
    static let release = """
        local function release(queue, job, execution, worker)
          local member = job .. ':' .. execution
          call('DEL', P .. ':execution:' .. member)
          call('ZREM', P .. ':wip:' .. queue, member)
          call('ZREM', P .. ':lease:' .. queue, member)
          call('ZREM', P .. ':executions:' .. job, execution)
          if worker ~= '' then
            call('SREM', P .. ':worker:' .. worker .. ':executions', member)
            call('SREM', P .. ':claims:' .. worker, member)
          end
        end

        """

    /// `push(queue, job, front)` makes a job wait in its queue, or for its place if it has a limit and does not hold
    /// one yet. Where it cannot (the key is something else) it is scheduled, and comes again: in no set at all it would
    /// be lost. Brings ``limits`` along; needs lenient.
    static let push =
        limits + """
            local pushes = 0
            local function postpone(queue, job)
              call('HSET', P .. ':job:' .. job, 'status', 'scheduled', 'worker_name', '', 'origin', queue)
              call('ZADD', P .. ':scheduled:' .. queue, string.format('%.3f', NOW + 5), job)
            end
            local function push(queue, job, front)
              local known = limit(job)
              if known and not lenient('ZSCORE', P .. ':rl:' .. known[1] .. ':allowed', job) then
                pushes = pushes + 1
                if not line(job, known, pushes, false) then return postpone(queue, job) end
                call('HSET', P .. ':job:' .. job, 'status', 'rate_limited', 'worker_name', '', 'origin', queue)
                if front then call('HSET', P .. ':job:' .. job, 'hf_front', '1') end
                fill(known[1])
                return
              end
              local list = P .. ':queue:' .. queue
              if not lenient(front and 'LPUSH' or 'RPUSH', list, job) then return postpone(queue, job) end
              call('SADD', P .. ':queues', list)
              call('HSET', P .. ':job:' .. job, 'status', 'queued', 'enqueued_at', ISO, 'worker_name', '')
            end

            """

    /// `retain(job, seconds, alone)` sets how long a job's record stays: -1 for ever, 0 not at all. `alone` says that
    /// no job depends on it, and it on none.
    static let retain = """
        local function retain(job, seconds, alone)
          local keys = { P .. ':job:' .. job, P .. ':job:' .. job .. ':dependents',
            P .. ':job::' .. job .. ':dependencies' }
          for index = 1, alone and 1 or 3 do
            if seconds == 0 then call('DEL', keys[index])
            elseif seconds < 0 then call('PERSIST', keys[index])
            else call('EXPIRE', keys[index], int(seconds)) end
          end
        end

        """

    /// `span(text, otherwise)` reads how long something is kept: whole seconds of at most ten digits, or else what goes
    /// for none, since one record's nonsense (`nan`, 1e999) must not spoil the command of a batch.
    static let span = """
        local function span(text, otherwise)
          return #text <= 10 and string.find(text, '^%-?%d+$') and tonumber(text) or otherwise
        end

        """

    /// `record(job, seconds, ...)` appends to a job's result stream and sets how long that stays.
    static let record = """
        local function record(job, seconds, ...)
          local key = P .. ':results:' .. job
          call('XADD', key, 'MAXLEN', '~', '10', '*', ...)
          if seconds < 0 then call('PERSIST', key) else call('EXPIRE', key, int(seconds)) end
        end

        """

    /// `count(worker, successes, failures, seconds)` adds to a worker's statistics, and says when it is idle; not to
    /// the hash of a worker that is gone.
    static let count = """
        local function count(worker, successes, failures, seconds)
          local key = P .. ':worker:' .. worker
          if call('EXISTS', key) == 0 then return end
          if successes > 0 then call('HINCRBY', key, 'successful_job_count', successes) end
          if failures > 0 then call('HINCRBY', key, 'failed_job_count', failures) end
          if seconds > 0 then call('HINCRBYFLOAT', key, 'total_working_time', string.format('%.6f', seconds)) end
          if call('EXISTS', P .. ':claims:' .. worker) == 0 then call('HSET', key, 'state', 'idle') end
        end

        """

    /// `wake(job, status)` enqueues those jobs waiting for `job` whose every dependency is met now: finished or gone,
    /// or failed where the dependent allows that. Linear in the number of dependents, as in RQ itself.
    static let wake = """
        local function wake(job, status)
          local waiting = P .. ':job:' .. job .. ':dependents'
          for _, child in ipairs(call('SMEMBERS', waiting) or {}) do
            local hash = P .. ':job:' .. child
            local tolerant = field(hash, 'allow_dependency_failures') == '1'
            local met = field(hash, 'status') == 'deferred' and (status == 'finished' or tolerant)
            if met then
              for _, other in ipairs(call('SMEMBERS', P .. ':job::' .. child .. ':dependencies') or {}) do
                if other ~= job then
                  local state = field(P .. ':job:' .. other, 'status')
                  if state ~= '' and state ~= 'finished' and not (state == 'failed' and tolerant) then met = false end
                end
              end
            end
            if met then
              local queue = field(hash, 'origin')
              call('ZREM', P .. ':deferred:' .. queue, child)
              call('SREM', waiting, child)
              push(queue, child, field(hash, 'enqueue_at_front') == '1')
              local ttl = tonumber(field(hash, 'ttl'))
              if ttl and ttl > 0 then call('EXPIRE', hash, ttl) end
            end
          end
        end

        """

    /// `fail(queue, job, worker, execution, started, failure)` records a job's final failure: `failure` is base64 of
    /// zlib. Needs span, record, retain, wake, push, follow and prune.
    static let fail = """
        local function fail(queue, job, worker, execution, started, failure)
          local hash = P .. ':job:' .. job
          local keep = span(field(hash, 'failure_ttl'), 31536000)
          call('HSET', hash, 'status', 'failed', 'ended_at', ISO, 'hf_completed_by', execution)
          call('ZADD', P .. ':failed:' .. queue, keep < 0 and keep or SEC + keep, job)
          record(job, keep, 'type', '2', 'worker_name', worker, 'exc_string', failure,
            'execution_id', execution, 'execution_started_at', started, 'execution_ended_at', STAMP)
          follow('failure', queue, job, execution, false, nil, failure)
          -- Those that wait are woken first: a record that is kept for no time goes with the list of them.
          wake(job, 'failed')
          retain(job, keep, false)
          prune(queue, 'failed', job)
        end

        """

    /// `unix(text)` the Unix seconds of a time as job fields write it, as text; `STAMP` if it is none (H. Hinnant's
    /// days_from_civil).
    static let unix = """
        local function unix(text)
          local year, month, day, hour, minute, second =
            string.match(text, '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):([%d.]+)Z$')
          if not year then return STAMP end
          local y = month + 0 <= 2 and year - 1 or year + 0
          local era = math.floor(y / 400)
          local yoe = y - era * 400
          local doy = math.floor((153 * (month + (month + 0 > 2 and -3 or 9)) + 2) / 5) + day - 1
          local doe = yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy
          local days = era * 146097 + doe - 719468
          return string.format('%d.%06d', days * 86400 + hour * 3600 + minute * 60 + math.floor(second),
            math.floor((second - math.floor(second)) * 1000000 + 0.5) % 1000000)
        end

        """
}
