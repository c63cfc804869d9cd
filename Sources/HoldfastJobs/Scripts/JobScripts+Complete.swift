import HoldfastRedis

extension JobScripts {
    /// The line that makes a completion conditional. A test removes it, and shows what happens then.
    static let completionGuard = "local mine = scores[index]"

    /// How many executions whose records are gone a worker's marks name, the last ones. A worker repeats what was not
    /// answered before anything new, so those of one batch (``Roster/maximumBatch``) would do.
    static let keptMarks = 1024

    /// Records how executions ended: a batch, each by itself on the condition that it is still registered.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; the number of sections; these, each of successes of one queue with one `keep`, not below
    ///   zero: the queue; `keep` as the take said; for how many seconds they ran together; how many they are; and for
    ///   each its job; execution; when it was begun (Unix seconds, for the result); `value`. Then for each outcome of
    ///   another kind nine arguments: queue; job; execution; when it was begun; for how many seconds it ran; `kind`;
    ///   `value`; `rule`; `keep`.
    ///   By `kind`: `value` the return value in base64, or '' for none; `failure` and `later` the reason
    ///   (base64 of zlib); `return` 1 if it was begun, else 0. `rule` is for failures: `never`, or a number in 0..<1,
    ///   the chance that a policy with jitter takes (RQ's retries_left and retry_intervals decide); for `later`, the
    ///   job's own wish: the seconds to pause and how often in all (RQ's number_of_retries counts).
    /// - Returns: `{trouble, section, …, verdict, …}`: for each section `finished`, if all of it has, or a list of
    ///   verdicts; then a verdict for each of the others, all in their order: `finished`; `failed`,
    ///   `requeued` or `scheduled` (after a failure); `returned`; `stopped` (on request, before it ended); `repeated`
    ///   (this execution's outcome stands already, so a repeat after a lost reply does no harm); `stale` (the
    ///   execution is no longer registered, nothing was written); `gone` (the job was deleted meanwhile). `trouble` is
    ///   the first error of one job's keys, or ''; the others are not touched by it.
    ///
    /// One script: the test of the lease, the result, the registries, the statistics and the release of dependents
    /// happen together or not at all. With a result that is kept for 0 seconds the whole record is deleted, as RQ
    /// does; a mark of the worker's stays for two minutes so that a repeat is still recognised. What is given back goes
    /// to the front of its queue in the order of the batch; neither a retry nor a crash is counted.
    ///
    /// An error in the middle of one outcome's own steps (a record that holds what nobody expects) leaves the others
    /// alone: its job fails, and `trouble` tells.
    ///
    /// A plain success (most are) costs four commands of its own, or none if its result is not kept; everything else is
    /// done once a batch.
    static let complete = RedisScript(
        name: "complete",
        Lua.prelude + Lua.lenient + Lua.count + completePlainly + Lua.attempt + Lua.push + Lua.retain + Lua.span
            + Lua.record + Lua.wake + Lua.follow + Lua.prune + Lua.fail + completeSteps
                + """
                local groups, verdicts, held, holds = {}, {}, {}, {}
                for number, one in ipairs(outcomes) do
                  local group = groups[one[1]] or { numbers = {}, members = {}, held = {} }
                  groups[one[1]] = group
                  group.numbers[#group.numbers + 1] = number
                  group.members[#group.numbers] = one[2] .. ':' .. one[3]
                end
                for queue, group in pairs(groups) do
                  local scores = call('ZMSCORE', P .. ':wip:' .. queue, unpack(group.members))
                  for index, number in ipairs(group.numbers) do
                    \(completionGuard)
                    if mine then
                      holds[number] = true
                      group.held[#group.held + 1] = group.members[index]
                    else
                      verdicts[number] = past(outcomes[number][2], outcomes[number][3])
                    end
                  end
                end
                for number = 1, #outcomes do
                  if holds[number] then held[#held + 1] = number end
                end
                local complete, recorded, executions, members = true, false, {}, {}
                if #held > 0 then
                  local hashes, relations = {}, {}
                  for index, number in ipairs(held) do
                    local job = outcomes[number][2]
                    local hash = P .. ':job:' .. job
                    hashes[index] = hash
                    relations[2 * index - 1] = hash .. ':dependents'
                    relations[2 * index] = P .. ':job::' .. job .. ':dependencies'
                    members[index] = job .. ':' .. outcomes[number][3]
                    executions[index] = P .. ':execution:' .. members[index]
                  end
                  complete = call('EXISTS', unpack(hashes)) == #held
                  alone = call('EXISTS', unpack(relations)) == 0
                  recorded = call('EXISTS', unpack(executions)) > 0
                end
                call = lenient
                settlePlain()
                if #held > 0 then
                  for queue, group in pairs(groups) do
                    if #group.held > 0 then
                      call('ZREM', P .. ':wip:' .. queue, unpack(group.held))
                      call('ZREM', P .. ':lease:' .. queue, unpack(group.held))
                    end
                  end
                  call('SREM', P .. ':claims:' .. worker, unpack(members))
                  if recorded then
                    call('SREM', P .. ':worker:' .. worker .. ':executions', unpack(members))
                    call('DEL', unpack(executions))
                    for _, number in ipairs(held) do
                      local one = outcomes[number]
                      call('ZREM', P .. ':executions:' .. one[2], one[3])
                    end
                  end
                  for _, number in ipairs(held) do
                    local one = outcomes[number]
                    local hash = P .. ':job:' .. one[2]
                    if not complete and call('EXISTS', hash) == 0 then
                      verdicts[number] = 'gone'
                    elseif one[6] ~= 'return' then
                      -- Who has a limit says nothing of `keep`.
                      local key = one[9] == '' and field(hash, 'rate_limit_key') or ''
                      verdicts[number] = attempt(settle[one[6]], unpack(one))
                        -- Run again it would come to the same, with its effects: so it fails, if it can.
                        or attempt(failed, one[1], one[2], one[3], one[4],
                          '\(JobResult.encode(failure: unrecordable))')
                      if key ~= '' then vacate(one[2], key) end
                    end
                  end
                  for index = #held, 1, -1 do
                    local one = outcomes[held[index]]
                    verdicts[held[index]] = verdicts[held[index]] or back(one[1], one[2], one[7])
                  end
                  for queue, entries in pairs(finished) do
                    call('ZADD', P .. ':finished:' .. queue, unpack(entries))
                  end
                  if #dropped > 0 then call('DEL', unpack(dropped)) end
                  if #marks > 0 then remember(marks) end
                end
                if #held > 0 or successes > 0 then count(worker, successes, failures, spent) end
                local out, number = { trouble }, 0
                for place, section in ipairs(sections) do
                  local list = {}
                  for index = 1, section.isPlain and 0 or section.n do list[index] = verdicts[number + index] end
                  number = number + #list
                  out[place + 1] = section.isPlain and 'finished' or list
                end
                for index = number + 1, #outcomes do out[#out + 1] = verdicts[index] end
                return out
                """)

    static let unrecordable =
        "its outcome could not be recorded, for its record holds what nobody expects: look at the worker's log"

    /// Reads the sections. One whose jobs are all plain still, as they were when they were taken, is settled by
    /// `settlePlain`; the jobs of the others become `outcomes`, like those that are of no section. A plain job is
    /// registered, has its record, no dependents or dependencies, and no record of its execution. What `settle.value`
    /// and its surroundings do for such a one is done here once more, for that costs the server a third less; and if
    /// all are plain, nothing else need be set up. All tests come before the first write, as they do there.
    private static let completePlainly = """
        local worker, sections, outcomes, successes, spent, at = ARGV[2], {}, {}, 0, 0, 4
        local records, waits, runs = P .. ':job:', P .. ':job::', P .. ':execution:'
        local marked = P .. ':completed:' .. worker
        local function remember(members)
          call('LPUSH', marked, unpack(members))
          call('LTRIM', marked, 0, \(keptMarks - 1))
          call('EXPIRE', marked, 120)
        end
        -- The first renewal of an execution makes records of it, and names it in this set, which outlives them.
        local renewed = call('EXISTS', P .. ':worker:' .. worker .. ':executions') == 1
        local function check(section)
          local members, hashes, relations, executions, n = section.members, section.hashes, {}, {}, 0
          for place = section.first, section.last, 4 do
            local job = ARGV[place]
            local hash, member = records .. job, job .. ':' .. ARGV[place + 1]
            n = n + 1
            members[n], hashes[n] = member, hash
            relations[2 * n - 1], relations[2 * n] = hash .. ':dependents', waits .. job .. ':dependencies'
            if renewed then executions[n] = runs .. member end
          end
          local scores = call('ZMSCORE', P .. ':wip:' .. section.queue, unpack(members))
          for index = 1, n do
            \(completionGuard)
            if not mine then return false end
          end
          return call('EXISTS', unpack(hashes)) == n and call('EXISTS', unpack(relations)) == 0
            and not (renewed and call('EXISTS', unpack(executions)) > 0)
        end
        for number = 1, tonumber(ARGV[3]) do
          local section = { queue = ARGV[at], keep = ARGV[at + 1], ran = tonumber(ARGV[at + 2]) or 0,
            n = tonumber(ARGV[at + 3]), first = at + 4, members = {}, hashes = {} }
          section.last = at + 3 + 4 * section.n
          at = section.last + 1
          sections[number] = section
          section.isPlain = check(section)
          for place = section.first, section.isPlain and 0 or section.last, 4 do
            outcomes[#outcomes + 1] = { section.queue, ARGV[place], ARGV[place + 1], ARGV[place + 2],
              place == section.first and section.ran or 0, 'value', ARGV[place + 3], '', section.keep }
          end
        end
        for place = at, #ARGV, 9 do outcomes[#outcomes + 1] = { unpack(ARGV, place, place + 8) } end
        local function settlePlain()
          local try, results = redis.pcall, P .. ':results:'
          local function note(...)
            for _, reply in ipairs({ ... }) do
              if trouble == '' and type(reply) == 'table' then trouble = reply.err end
            end
          end
          for _, section in ipairs(sections) do
            if section.isPlain then
              local hashes, queue, keep, ends, n = section.hashes, section.queue, section.keep, {}, 0
              local score = int(SEC + tonumber(keep))
              call('ZREM', P .. ':wip:' .. queue, unpack(section.members))
              call('ZREM', P .. ':lease:' .. queue, unpack(section.members))
              call('SREM', P .. ':claims:' .. worker, unpack(section.members))
              for place = section.first, keep == '0' and 0 or section.last, 4 do
                local job, execution, started, value = ARGV[place], ARGV[place + 1], ARGV[place + 2], ARGV[place + 3]
                n = n + 1
                local hash, key, added = hashes[n], results .. job, nil
                local set = try('HSET', hash, 'status', 'finished', 'ended_at', ISO, 'hf_completed_by', execution)
                if value == '' then
                  added = try('XADD', key, 'MAXLEN', '~', '10', '*', 'type', '1', 'worker_name', worker,
                    'execution_id', execution, 'execution_started_at', started, 'execution_ended_at', STAMP)
                else
                  added = try('XADD', key, 'MAXLEN', '~', '10', '*', 'type', '1', 'worker_name', worker,
                    'return_value', value, 'execution_id', execution, 'execution_started_at', started,
                    'execution_ended_at', STAMP)
                end
                local kept, stays = try('EXPIRE', key, keep), try('EXPIRE', hash, keep)
                if type(set) == 'table' or type(added) == 'table' or type(kept) == 'table'
                  or type(stays) == 'table'
                then
                  note(set, added, kept, stays)
                end
                ends[2 * n - 1], ends[2 * n] = score, job
              end
              if keep == '0' then
                call('DEL', unpack(hashes))
                remember(section.members)
              else
                call('ZADD', P .. ':finished:' .. queue, unpack(ends))
              end
              successes, spent = successes + section.n, spent + section.ran
            end
          end
        end
        if #outcomes == 0 then
          call = lenient
          settlePlain()
          count(worker, successes, 0, spent)
          local out = { trouble }
          for number = 1, #sections do out[number + 1] = 'finished' end
          return out
        end

        """

    /// What becomes of one execution: `past` of one that is not registered, `settle[kind]` and `back` of one that was.
    private static let completeSteps = """
        local alone, finished, dropped, marks, failures = false, {}, {}, {}, 0
        local function past(job, execution)
          -- A record that is something else must not end the script, and with it the outcomes of the others.
          local known = lenient('HMGET', P .. ':job:' .. job, 'hf_completed_by', 'status') or {}
          if known[1] == execution then return known[2] == 'stopped' and 'stopped' or 'repeated' end
          local found = redis.pcall('LPOS', marked, job .. ':' .. execution)
          return type(found) == 'number' and 'repeated' or 'stale'
        end
        local function back(queue, job, begun)
          local hash = P .. ':job:' .. job
          if field(hash, 'status') == 'started' then push(queue, job, true) end
          if begun == '0' then call('HINCRBY', hash, 'hf_executions', -1) end
          return 'returned'
        end
        local function later(queue, job, pause, front)
          if pause <= 0 then
            push(queue, job, front)
            return 'requeued'
          end
          call('HSET', P .. ':job:' .. job, 'status', 'scheduled')
          call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          call('ZADD', P .. ':scheduled:' .. queue, string.format('%.3f', NOW + pause), job)
          return 'scheduled'
        end
        local function intervals(hash, name)
          local valid, list = pcall(cjson.decode, field(hash, name))
          return valid and type(list) == 'table' and list or {}
        end
        local function again(queue, job, left)
          local hash = P .. ':job:' .. job
          local pauses = intervals(hash, 'repeat_intervals')
          local pause = tonumber(pauses[1]) or 0
          if #pauses > 1 then
            table.remove(pauses, 1)
            call('HSET', hash, 'repeat_intervals', cjson.encode(pauses))
          end
          call('HSET', hash, 'repeats_left', left - 1)
          -- The crashes of one run say nothing of the next one.
          call('HDEL', hash, 'hf_crashes')
          later(queue, job, pause, false)
        end
        -- The record goes with the outcome; a repeat after a lost reply must still be told from a stale one.
        local function mark(job, execution)
          marks[#marks + 1] = job .. ':' .. execution
        end
        local function failed(queue, job, execution, started, reason)
          if field(P .. ':job:' .. job, 'failure_ttl') == '0' then mark(job, execution) end
          fail(queue, job, ARGV[2], execution, started, reason)
          return 'failed'
        end
        local settle = {}
        function settle.value(queue, job, execution, started, ran, _, value, _, keep)
          local hash, plain, repeats = P .. ':job:' .. job, tonumber(keep), 0
          keep = plain or span(field(hash, 'result_ttl'), 500)
          successes, spent = successes + 1, spent + (tonumber(ran) or 0)
          if plain == 0 and alone then
            mark(job, execution)
            dropped[#dropped + 1] = hash
            return 'finished'
          end
          call('HSET', hash, 'status', 'finished', 'ended_at', ISO, 'hf_completed_by', execution)
          if not plain then
            repeats = tonumber(field(hash, 'repeats_left')) or 0
            follow('success', queue, job, execution, repeats > 0, value)
          end
          if keep == 0 then
            mark(job, execution)
          elseif value == '' then
            record(job, keep, 'type', '1', 'worker_name', ARGV[2], 'execution_id', execution,
              'execution_started_at', started, 'execution_ended_at', STAMP)
          else
            record(job, keep, 'type', '1', 'worker_name', ARGV[2], 'return_value', value,
              'execution_id', execution, 'execution_started_at', started, 'execution_ended_at', STAMP)
          end
          if not alone then wake(job, 'finished') end
          if repeats > 0 then
            again(queue, job, repeats)
            return 'finished'
          end
          if keep ~= 0 and not plain then
            call('ZADD', P .. ':finished:' .. queue, keep < 0 and '+inf' or SEC + keep, job)
            prune(queue, 'finished', job)
          elseif keep ~= 0 then
            local entries = finished[queue] or {}
            finished[queue] = entries
            entries[#entries + 1] = keep < 0 and '+inf' or int(SEC + keep)
            entries[#entries + 1] = job
          end
          if keep >= 0 or not alone then retain(job, keep, alone) end
          return 'finished'
        end
        function settle.failure(queue, job, execution, started, ran, _, reason, rule)
          local hash = P .. ':job:' .. job
          failures, spent = failures + 1, spent + (tonumber(ran) or 0)
          local left = tonumber(field(hash, 'retries_left')) or 0
          if rule == 'never' or left < 1 then return failed(queue, job, execution, started, reason) end
          local pauses, jitter = intervals(hash, 'retry_intervals'), tonumber(field(hash, 'hf_retry_jitter')) or 0
          local pause = tonumber(pauses[math.max(#pauses - left, 0) + 1]) or 0
          pause = pause * (1 - jitter + jitter * (tonumber(rule) or 1))
          call('HSET', hash, 'retries_left', left - 1, 'hf_completed_by', execution, 'ended_at', ISO)
          follow('failure', queue, job, execution, true, nil, reason)
          return later(queue, job, pause, field(hash, 'enqueue_at_front_on_retry') == '1')
        end
        function settle.later(queue, job, execution, started, ran, _, reason, rule)
          local hash = P .. ':job:' .. job
          local pause, maximum = string.match(rule, '^(%S+) (%S+)$')
          local count = tonumber(field(hash, 'number_of_retries')) or 0
          spent = spent + (tonumber(ran) or 0)
          if count >= tonumber(maximum) then
            failures = failures + 1
            return failed(queue, job, execution, started, reason)
          end
          call('HSET', hash, 'number_of_retries', count + 1, 'hf_completed_by', execution, 'ended_at', ISO)
          record(job, span(field(hash, 'result_ttl'), 500), 'type', '4', 'worker_name', ARGV[2],
            'exc_string', reason, 'execution_id', execution, 'execution_started_at', started,
            'execution_ended_at', STAMP)
          return later(queue, job, tonumber(pause), false)
        end

        """
}
