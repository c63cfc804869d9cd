import HoldfastRedis

extension JobScripts {
    /// A take ends before its jobs carry more bytes together, but for a single one.
    static let maximumTakenBytes = 32 << 20

    /// Takes jobs from an ordered list of queues and claims them in the same step.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; lease in milliseconds; margin in seconds (see ``WorkerConfiguration/margin``); how
    ///   many jobs at most; 24 fresh hexadecimal digits; the usual `timeout` and `keep`; the queues, first the most
    ///   urgent.
    /// - Returns: `{closed, skipped, time, trouble, more, queue, number, job, …, queue, number, job, …}`: `closed`
    ///   names the queues that are paused, with commas between them, or is `*` under `rq suspend`: from those nothing
    ///   is taken; `skipped` counts ids whose record is gone or that do not wait any more; `time` is the server's;
    ///   `trouble` the first error of a queue whose keys cannot be used (nothing is taken from that one), or '';
    ///   `more` is 1 if jobs may be left that were not looked at, though fewer were taken than asked for, else 0. So
    ///   many jobs follow behind a queue, each `id, data, enqueued_at, rest` with '' for a missing time; `rest` is ''
    ///   for the first execution of a job with the usual ends, or `{timeout, token, executions, crashes, keep}` with ''
    ///   for a missing timeout. `keep` is for how many seconds a success keeps the record, if that is all that there is
    ///   to know about its end, else '': the worker hands it back with the outcome, so that most need no second
    ///   reading. An execution's id is the digits and, in eight more of them, which job of the reply it is of.
    ///
    /// Claim and pop are one script, and in this order: what can fail comes first, and an id that left its queue is in
    /// `rq:wip`. So there is no moment at which a crash, or an error in the middle, loses a job.
    /// An id counts as waiting if its status is queued or created or missing (a hand-written minimum record); if it
    /// says started while no execution is registered; and if it has ended but was not begun since, which is how a
    /// record looks that Python enqueued anew while it ran. Everything else has been taken already by way of another
    /// entry of the list, or was canceled. A call that skips 1000 such ids ends, and one whose jobs carry
    /// ``maximumTakenBytes``: what a reply holds, a worker must hold too.
    ///
    /// RQ's records of the execution (`rq:execution:…`, `rq:executions:…`, `rq:worker:…:executions`) are made by the
    /// first renewal, not here: few jobs live that long. Until then the job's field `hf_execution` and the worker's
    /// `rq:claims:…`, both ours, name it.
    static let take = RedisScript(
        name: "take",
        Lua.prelude + Lua.lenient + Lua.span + Lua.runs + """
            local worker, lease, margin, want = ARGV[2], tonumber(ARGV[3]) / 1000, tonumber(ARGV[4]), tonumber(ARGV[5])
            local closed, pauses = {}, { P .. ':suspended' }
            for at = 9, #ARGV do pauses[at - 7] = P .. ':paused:' .. ARGV[at] end
            if call('EXISTS', unpack(pauses)) > 0 then
              if call('EXISTS', pauses[1]) == 1 then return { '*', 0, STAMP, '', 0 } end
              for at = 9, #ARGV do
                if call('EXISTS', pauses[at - 7]) == 1 then
                  closed[#closed + 1] = ARGV[at]
                  closed[ARGV[at]] = true
                end
              end
            end
            call = lenient
            local taken, skipped, seen, counted, fits, bytes, full, filled = 0, 0, {}, {}, {}, 0, false, 5
            local out, records, usualTimeout, usualKeep = {}, P .. ':job:', ARGV[7], ARGV[8]
            local deadline = string.format('%.6f', NOW + lease)
            local score, live = int(math.ceil(NOW + lease) + margin), math.ceil(lease) + margin + 60
            local mine = P .. ':claims:' .. worker
            local ended = { finished = true, failed = true, stopped = true }
            local function waits(queue, job, status)
              if status == 'queued' or status == 'created' or not status then return true end
              if ended[status] then return field(records .. job, 'started_at') == '' end
              return status == 'started' and not runs(job, queue)
            end
            local function look(queue, job)
              if seen[job] or not string.find(job, '^[%w_-]+$') then return nil end
              seen[job] = true
              local known = redis.pcall('HMGET', records .. job, 'data', 'status', 'timeout', 'origin', 'ttl',
                'result_ttl', 'hf_token', 'hf_crashes', 'success_callback_name', 'webhooks', 'repeats_left',
                'rate_limit_key', 'enqueued_at')
              if known.err or not known[1] or not waits(queue, job, known[2]) then return nil end
              return known
            end
            local function register(queue, members, scores, deadlines)
              if not call('ZADD', P .. ':wip:' .. queue, unpack(scores)) then return false end
              if call('ZADD', P .. ':lease:' .. queue, unpack(deadlines)) and call('SADD', mine, unpack(members)) then
                return true
              end
              call('ZREM', P .. ':wip:' .. queue, unpack(members))
              call('ZREM', P .. ':lease:' .. queue, unpack(members))
              return false
            end
            local function renew(queue, job, hash, known, again)
              if not known[4] then call('HSET', hash, 'origin', queue) end
              if again then
                call('HSET', hash, 'ended_at', '')
                if ended[known[2]] then
                  call('ZREM', P .. ':finished:' .. (known[4] or queue), job)
                  call('ZREM', P .. ':failed:' .. (known[4] or queue), job)
                end
              end
              -- A record expires if it says so, or if an earlier execution has ended; Python, whose records have every
              -- field, enqueues an id anew without lifting that.
              if known[5] or known[9] or again then
                call('PERSIST', hash)
                call('PERSIST', hash .. ':dependents')
                call('PERSIST', P .. ':job::' .. job .. ':dependencies')
              end
            end
            local function claim(queue, job, execution, known)
              local hash, token, executions = records .. job, 1, 1
              -- Whoever was executed by us has a token, also where its record was begun anew since.
              if known[7] then
                token = (tonumber(known[7]) or 0) + 1
                executions = (tonumber(field(hash, 'hf_executions')) or 0) + 1
              end
              call('HSET', hash, 'status', 'started', 'started_at', ISO, 'worker_name', worker,
                'hf_token', int(token), 'hf_executions', int(executions), 'hf_execution', queue .. ':' .. execution)
              local again = executions > 1 or ended[known[2]]
              if again or not known[4] or known[5] or known[9] then renew(queue, job, hash, known, again) end
              local keep = known[6] or '500'
              if keep ~= usualKeep then keep = span(keep, '') end
              local follows = (known[9] and known[9] ~= '') or known[10] or (known[11] and known[11] ~= '0')
                or known[12]
              if follows or counted[queue] then keep = '' end
              local rest = ''
              if known[7] or known[8] or keep ~= usualKeep or known[3] ~= usualTimeout then
                rest = { known[3] or '', token, executions, tonumber(known[8]) or 0, tostring(keep) }
              end
              out[filled + 1], out[filled + 2], out[filled + 3], out[filled + 4] = job, known[1], known[13] or '', rest
              filled = filled + 4
            end
            for at = 9, #ARGV do
              local queue = ARGV[at]
              while taken < want and skipped < 1000 and not closed[queue] and not full do
                local ids = call('LRANGE', P .. ':queue:' .. queue, 0, want - taken - 1)
                if not ids or #ids == 0 then break end
                local jobs, knowns, executions, members, scores, deadlines = {}, {}, {}, {}, {}, {}
                local passed, n = #ids, 0
                for index, job in ipairs(ids) do
                  local known = look(queue, job)
                  if known then
                    bytes = bytes + #known[1]
                    full = bytes > \(maximumTakenBytes) and taken + n > 0
                    if full then
                      passed = index - 1
                      break
                    end
                    n = n + 1
                    local execution = ARGV[6] .. string.format('%08x', taken + n)
                    local member = job .. ':' .. execution
                    jobs[n], knowns[n], executions[n], members[n] = job, known, execution, member
                    scores[2 * n - 1], scores[2 * n] = score, member
                    deadlines[2 * n - 1], deadlines[2 * n] = deadline, member
                  else
                    skipped = skipped + 1
                  end
                end
                if n > 0 and counted[queue] == nil then
                  counted[queue] = call('EXISTS', P .. ':hf:keep:' .. queue) == 1
                  -- A job whose end they cannot take would be in no registry.
                  fits[queue] = call('ZCARD', P .. ':finished:' .. queue) and call('ZCARD', P .. ':failed:' .. queue)
                end
                if n > 0 and not (fits[queue] and register(queue, members, scores, deadlines)) then break end
                call('LTRIM', P .. ':queue:' .. queue, passed, -1)
                if n > 0 then
                  out[filled + 1], out[filled + 2] = queue, n
                  filled = filled + 2
                end
                for index = 1, n do claim(queue, jobs[index], executions[index], knowns[index]) end
                taken = taken + n
              end
            end
            if taken > 0 then
              call('EXPIRE', mine, live + 60)
              if call('EXISTS', P .. ':worker:' .. worker) == 1 then
                call('HSET', P .. ':worker:' .. worker, 'state', 'busy')
              end
            end
            out[1], out[2], out[3], out[4] = table.concat(closed, ','), skipped, STAMP, trouble
            out[5] = (full or skipped >= 1000) and 1 or 0
            return out
            """)

    /// The id that ``take`` made of the execution at a place of its reply, counted from one.
    package static func executionID(_ digits: String, place: Int) -> String {
        let number = String(place, radix: 16)
        return digits + String(repeating: "0", count: max(0, 8 - number.count)) + number
    }
}
