import HoldfastRedis

extension JobScripts {
    /// The line that makes a completion conditional. A test removes it, and shows what happens then.
    static let completionGuard = "local mine = scores[index]"

    /// How many arguments an outcome takes in ``complete``.
    static let outcomeArity = 9

    /// How many executions whose records are gone a worker's marks name, the last ones. A worker repeats what was not
    /// answered before anything new, so those of one batch (``Roster/maximumBatch``) would do.
    static let keptMarks = 1024

    /// Records how executions ended: a batch, each by itself on the condition that it is still registered.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; then for each outcome nine arguments: queue; job; execution; when it was begun (Unix
    ///   seconds, for the result); for how many seconds it ran; `kind`; `value`; `rule`; `keep` as the take said.
    ///   By `kind`: `value` the return value in base64, or '' for none; `failure` and `later` the reason
    ///   (base64 of zlib); `return` 1 if it was begun, else 0. `rule` is for failures: `never`, or a number in 0..<1,
    ///   the chance that a policy with jitter takes (RQ's retries_left and retry_intervals decide); for `later`, the
    ///   job's own wish: the seconds to pause and how often in all (RQ's number_of_retries counts).
    /// - Returns: `{trouble, verdict, verdict, …}`, a verdict an outcome, in their order: `finished`; `failed`,
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
        Lua.prelude + Lua.lenient + Lua.attempt + Lua.push + Lua.retain + Lua.span + Lua.record + Lua.count + Lua.wake
            + Lua.follow + Lua.prune + Lua.fail + completeSteps
                + """
                local groups, verdicts, held = {}, {}, {}
                for at = 3, #ARGV, 9 do
                  local queue = ARGV[at]
                  local group = groups[queue] or { at = {}, members = {} }
                  groups[queue] = group
                  group.at[#group.at + 1] = at
                  group.members[#group.at] = ARGV[at + 1] .. ':' .. ARGV[at + 2]
                end
                for queue, group in pairs(groups) do
                  group.held = {}
                  local scores = call('ZMSCORE', P .. ':wip:' .. queue, unpack(group.members))
                  for index, at in ipairs(group.at) do
                    \(completionGuard)
                    if mine then
                      held[#held + 1] = at
                      group.held[#group.held + 1] = group.members[index]
                    else
                      verdicts[at] = past(ARGV[at + 1], ARGV[at + 2])
                    end
                  end
                end
                if #held > 0 then
                  table.sort(held)
                  local hashes, relations, executions, members = {}, {}, {}, {}
                  for index, at in ipairs(held) do
                    local hash = P .. ':job:' .. ARGV[at + 1]
                    hashes[index] = hash
                    relations[2 * index - 1] = hash .. ':dependents'
                    relations[2 * index] = P .. ':job::' .. ARGV[at + 1] .. ':dependencies'
                    members[index] = ARGV[at + 1] .. ':' .. ARGV[at + 2]
                    executions[index] = P .. ':execution:' .. members[index]
                  end
                  local complete = call('EXISTS', unpack(hashes)) == #held
                  alone = call('EXISTS', unpack(relations)) == 0
                  local recorded = call('EXISTS', unpack(executions)) > 0
                  call = lenient
                  for queue, group in pairs(groups) do
                    if #group.held > 0 then
                      call('ZREM', P .. ':wip:' .. queue, unpack(group.held))
                      call('ZREM', P .. ':lease:' .. queue, unpack(group.held))
                    end
                  end
                  call('SREM', P .. ':claims:' .. ARGV[2], unpack(members))
                  if recorded then
                    call('SREM', P .. ':worker:' .. ARGV[2] .. ':executions', unpack(members))
                    call('DEL', unpack(executions))
                    for _, at in ipairs(held) do call('ZREM', P .. ':executions:' .. ARGV[at + 1], ARGV[at + 2]) end
                  end
                  for _, at in ipairs(held) do
                    if not complete and call('EXISTS', P .. ':job:' .. ARGV[at + 1]) == 0 then
                      verdicts[at] = 'gone'
                    elseif ARGV[at + 5] ~= 'return' then
                      -- Who has a limit says nothing of `keep`.
                      local key = ARGV[at + 8] == '' and field(P .. ':job:' .. ARGV[at + 1], 'rate_limit_key') or ''
                      verdicts[at] = attempt(settle[ARGV[at + 5]], unpack(ARGV, at, at + 8))
                        -- Run again it would come to the same, with its effects: so it fails, if it can.
                        or attempt(failed, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3],
                          '\(JobResult.encode(failure: unrecordable))')
                      if key ~= '' then vacate(ARGV[at + 1], key) end
                    end
                  end
                  for index = #held, 1, -1 do
                    local at = held[index]
                    if not verdicts[at] then verdicts[at] = back(ARGV[at], ARGV[at + 1], ARGV[at + 6]) end
                  end
                  for queue, entries in pairs(finished) do
                    call('ZADD', P .. ':finished:' .. queue, unpack(entries))
                  end
                  if #dropped > 0 then call('DEL', unpack(dropped)) end
                  if #marks > 0 then
                    call('LPUSH', marked, unpack(marks))
                    call('LTRIM', marked, 0, \(keptMarks - 1))
                    call('EXPIRE', marked, 120)
                  end
                  count(ARGV[2], successes, failures, spent)
                end
                local out = { trouble }
                for at = 3, #ARGV, 9 do out[#out + 1] = verdicts[at] end
                return out
                """)

    static let unrecordable =
        "its outcome could not be recorded, for its record holds what nobody expects: look at the worker's log"

    /// What becomes of one execution: `past` of one that is not registered, `settle[kind]` and `back` of one that was.
    private static let completeSteps = """
        local alone, finished, dropped, marks, successes, failures, spent = false, {}, {}, {}, 0, 0, 0
        local marked = P .. ':completed:' .. ARGV[2]
        local function past(job, execution)
          local hash = P .. ':job:' .. job
          if field(hash, 'hf_completed_by') == execution then
            return field(hash, 'status') == 'stopped' and 'stopped' or 'repeated'
          end
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
