import HoldfastRedis

extension JobScripts {
    /// Ends the running executions of a job, with RQ's bookkeeping of a stopped one: status `stopped`, an entry among
    /// the failed jobs and a failed result, no retry; jobs that wait for it go on waiting.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; job; the only execution to stop, or '' for all; 1 if the workers shall be told, else 0; the
    ///   reason (base64 of zlib).
    /// - Returns: for each execution `{execution, worker, what}`: `stopped` is recorded, the lease is gone with it;
    ///   `asked` runs at a Python worker, which has been told and records it by itself (only if workers are told).
    ///   Empty if it does not run; the only execution to stop is in it also if it was stopped before, so that a repeat
    ///   is recognised. `missing` if there is no such job.
    ///
    /// One script: either the execution was registered until here and is stopped, or its own outcome stood before.
    /// That outcome is refused afterwards, so a worker that misses the message learns of it from its next renewal.
    static let stop = RedisScript(
        name: "stop",
        Lua.prelude + Lua.lenient + Lua.release + Lua.retain + Lua.span + Lua.record + Lua.count + Lua.leave
            + Lua.evict + Lua.follow + """
                local job, only, told, reason = ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5]
                local hash, out = P .. ':job:' .. job, {}
                if redis.call('EXISTS', hash) == 0 then return 'missing' end
                local function stop(one, ours)
                  local keep = span(field(hash, 'failure_ttl'), 31536000)
                  evict(job, one, ours)
                  redis.call('HSET', hash, 'status', 'stopped', 'ended_at', ISO, 'hf_completed_by', one.id)
                  redis.call('ZADD', P .. ':failed:' .. one.queue, keep < 0 and keep or SEC + keep, job)
                  record(job, keep, 'type', '2', 'worker_name', one.worker, 'exc_string', reason,
                    'execution_id', one.id, 'execution_started_at', one.started == '' and STAMP or one.started,
                    'execution_ended_at', STAMP)
                  count(one.worker, 0, 1, NOW - (tonumber(one.started) or NOW))
                  follow('stopped', one.queue, job, one.id, false, nil, reason)
                  retain(job, keep, false)
                end
                for _, one in ipairs(running(job)) do
                  local ours = redis.call('ZSCORE', P .. ':lease:' .. one.queue, job .. ':' .. one.id)
                  if (only == '' or only == one.id) and (ours or told) then
                    if ours then stop(one, ours) end
                    if told then tell(job, one, ours) end
                    out[#out + 1] = { one.id, one.worker, ours and 'stopped' or 'asked' }
                  end
                end
                local ended = only ~= '' and field(hash, 'hf_completed_by') == only
                if #out == 0 and ended and field(hash, 'status') == 'stopped' then
                  out[1] = { only, field(hash, 'worker_name'), 'stopped' }
                end
                return out
                """)
}
