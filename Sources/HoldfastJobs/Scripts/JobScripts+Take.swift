import HoldfastRedis

extension JobScripts {
    /// A take ends before its jobs carry more bytes together, but for a single one.
    static let maximumTakenBytes = 32 << 20

    /// Takes jobs from an ordered list of queues and claims them in the same step.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; lease in milliseconds; margin in seconds (see ``WorkerConfiguration/margin``); how
    ///   many jobs at most; 24 fresh hexadecimal digits; the queues, first the most urgent.
    /// - Returns: `{closed, skipped, time, trouble, more, job, job, …}`: `closed` names the queues that are paused,
    ///   with commas between them, or is `*` under `rq suspend`: from those nothing is taken; `skipped` counts ids
    ///   whose record is gone or that do not wait any more; `time` is the server's; `trouble` the first error of a
    ///   queue whose keys cannot be used (nothing is taken from that one), or ''; `more` is 1 if jobs may be left that
    ///   were not looked at, though fewer were taken than asked for, else 0; a job is `{queue, id, execution, data,
    ///   timeout, token, executions, crashes, keep, enqueued_at}`, with '' for a missing timeout or time. `keep` is for
    ///   how many seconds a success keeps the record, if that is all that there is to know about its end, else '': the
    ///   worker hands it back with the outcome, so that most need no second reading.
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
            for at = 7, #ARGV do pauses[at - 5] = P .. ':paused:' .. ARGV[at] end
            if call('EXISTS', unpack(pauses)) > 0 then
              if call('EXISTS', pauses[1]) == 1 then return { '*', 0, STAMP, '', 0 } end
              for at = 7, #ARGV do
                if call('EXISTS', pauses[at - 5]) == 1 then
                  closed[#closed + 1] = ARGV[at]
                  closed[ARGV[at]] = true
                end
              end
            end
            call = lenient
            local out, taken, skipped, seen, counted, bytes, full = {}, 0, 0, {}, {}, 0, false
            local deadline = string.format('%.6f', NOW + lease)
            local score, live = int(math.ceil(NOW + lease) + margin), math.ceil(lease) + margin + 60
            local mine = P .. ':claims:' .. worker
            local ended = { finished = true, failed = true, stopped = true }
            local function waits(queue, job, status, started)
              if status == 'queued' or status == 'created' or not status then return true end
              if ended[status] then return not started or started == '' end
              return status == 'started' and not runs(job, queue)
            end
            local function look(queue, job)
              if seen[job] or not string.find(job, '^[%w_-]+$') then return nil end
              seen[job] = true
              local known = redis.pcall('HMGET', P .. ':job:' .. job, 'data', 'status', 'timeout', 'origin', 'ttl',
                'started_at', 'result_ttl', 'hf_token', 'hf_executions', 'hf_crashes', 'success_callback_name',
                'webhooks', 'repeats_left', 'rate_limit_key', 'enqueued_at')
              if known.err or not known[1] or not waits(queue, job, known[2], known[6]) then return nil end
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
            local function claim(queue, job, execution, known)
              local hash = P .. ':job:' .. job
              local token, executions = (tonumber(known[8]) or 0) + 1, (tonumber(known[9]) or 0) + 1
              call('HSET', hash, 'status', 'started', 'started_at', ISO, 'worker_name', worker,
                'hf_token', int(token), 'hf_executions', int(executions), 'hf_execution', queue .. ':' .. execution)
              if not known[4] then call('HSET', hash, 'origin', queue) end
              local again = executions > 1 or ended[known[2]]
              if again then
                call('HSET', hash, 'ended_at', '')
                if ended[known[2]] then
                  call('ZREM', P .. ':finished:' .. (known[4] or queue), job)
                  call('ZREM', P .. ':failed:' .. (known[4] or queue), job)
                end
              end
              -- A record expires if it says so, or if an earlier execution has ended; Python, whose records have every
              -- field, enqueues an id anew without lifting that.
              if known[5] or known[11] or again then
                call('PERSIST', hash)
                call('PERSIST', hash .. ':dependents')
                call('PERSIST', P .. ':job::' .. job .. ':dependencies')
              end
              local keep = not known[7] and '500' or span(known[7], '')
              local follows = (known[11] and known[11] ~= '') or known[12] or (known[13] and known[13] ~= '0')
                or known[14]
              if follows or counted[queue] then keep = '' end
              out[#out + 1] = { queue, job, execution, known[1], known[3] or '', token, executions,
                tonumber(known[10]) or 0, tostring(keep), known[15] or '' }
            end
            for at = 7, #ARGV do
              local queue = ARGV[at]
              while taken < want and skipped < 1000 and not closed[queue] and not full do
                local ids = call('LRANGE', P .. ':queue:' .. queue, 0, want - taken - 1)
                if not ids or #ids == 0 then break end
                local claims, members, scores, deadlines, passed = {}, {}, {}, {}, #ids
                for index, job in ipairs(ids) do
                  local known = look(queue, job)
                  if known then
                    bytes = bytes + #known[1]
                    full = bytes > \(maximumTakenBytes) and taken + #claims > 0
                    if full then
                      passed = index - 1
                      break
                    end
                    local n = #claims + 1
                    local execution = string.format('%s%08x', ARGV[6], taken + n)
                    claims[n] = { job, execution, known }
                    members[n] = job .. ':' .. execution
                    scores[2 * n - 1], scores[2 * n] = score, members[n]
                    deadlines[2 * n - 1], deadlines[2 * n] = deadline, members[n]
                  else
                    skipped = skipped + 1
                  end
                end
                if #claims > 0 and counted[queue] == nil then
                  counted[queue] = call('EXISTS', P .. ':hf:keep:' .. queue) == 1
                end
                if #claims > 0 and not register(queue, members, scores, deadlines) then break end
                call('LTRIM', P .. ':queue:' .. queue, passed, -1)
                for _, one in ipairs(claims) do claim(queue, unpack(one)) end
                taken = taken + #claims
              end
            end
            if taken > 0 then
              call('EXPIRE', mine, live + 60)
              if call('EXISTS', P .. ':worker:' .. worker) == 1 then
                call('HSET', P .. ':worker:' .. worker, 'state', 'busy')
              end
            end
            local more = full or skipped >= 1000
            return { table.concat(closed, ','), skipped, STAMP, trouble, more and 1 or 0, unpack(out) }
            """)
}
