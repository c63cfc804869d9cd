import HoldfastRedis

extension JobScripts {
    /// The line that makes a completion conditional. A test removes it, and shows what happens then.
    static let completionGuard =
        "if not redis.call('ZSCORE', P .. ':wip:' .. queue, job .. ':' .. execution) then return 'stale' end"

    private static let completionHead = """
        local worker, queue, job, execution, started = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
        local hash = P .. ':job:' .. job
        if field(hash, 'hf_completed_by') == execution then return 'repeated' end
        if redis.call('EXISTS', P .. ':completed:' .. job .. ':' .. execution) == 1 then return 'repeated' end
        \(completionGuard)
        release(queue, job, execution, worker)
        if redis.call('EXISTS', hash) == 0 then return 'gone' end
        local spent = NOW - (tonumber(started) or NOW)

        """

    /// Records that an execution succeeded.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; queue; job; execution; when it was started (Unix seconds, for the result); 1 if there
    ///   is a return value, else 0; the return value in base64.
    /// - Returns: `finished`; `repeated` (this execution's outcome stands already, so a repeat after a lost reply
    ///   does no harm); `stale` (the execution is no longer registered, nothing was written); `gone` (the job was
    ///   deleted meanwhile).
    ///
    /// One script: the test of the lease, the result, the registries, the statistics and the release of dependents
    /// happen together or not at all. With a result that is kept for 0 seconds the whole record is deleted, as RQ
    /// does; a mark stays for two minutes so that a repeat is still recognised.
    static let finish = RedisScript(
        name: "finish",
        Lua.prelude + Lua.release + Lua.push + Lua.retain + Lua.record + Lua.count + Lua.wake + completionHead + """
            local keep = tonumber(field(hash, 'result_ttl')) or 500
            redis.call('HSET', hash, 'status', 'finished', 'ended_at', ISO, 'hf_completed_by', execution)
            count(worker, 'successful_job_count', spent)
            if keep ~= 0 then
              local entry = { 'type', '1', 'worker_name', worker }
              if ARGV[7] == '1' then entry[5], entry[6] = 'return_value', ARGV[8] end
              for _, part in ipairs({ 'execution_id', execution, 'execution_started_at', started,
                'execution_ended_at', STAMP }) do entry[#entry + 1] = part end
              record(job, keep, unpack(entry))
              redis.call('ZADD', P .. ':finished:' .. queue, keep < 0 and '+inf' or SEC + keep, job)
            else
              redis.call('SET', P .. ':completed:' .. job .. ':' .. execution, '1', 'EX', 120)
            end
            wake(job, 'finished')
            retain(job, keep)
            return 'finished'
            """)

    /// Records that an execution failed; enqueues or schedules the job again if it has retries left.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; queue; job; execution; when it was started (Unix seconds); 1 if it may be retried,
    ///   else 0; the reason (base64 of zlib).
    /// - Returns: `failed`, `requeued` or `scheduled`; or `repeated`, `stale`, `gone` as ``finish``.
    ///
    /// One script, as ``finish``. The interval before a retry is RQ's: of n intervals the one at n - retries left,
    /// the last ones first if there are more intervals than retries.
    static let fail = RedisScript(
        name: "fail",
        Lua.prelude + Lua.release + Lua.push + Lua.retain + Lua.record + Lua.count + Lua.wake + Lua.fail
            + completionHead + """
                count(worker, 'failed_job_count', spent)
                local left = tonumber(field(hash, 'retries_left')) or 0
                if ARGV[7] ~= '1' or left < 1 then
                  fail(queue, job, worker, execution, started, ARGV[8])
                  return 'failed'
                end
                local valid, intervals = pcall(cjson.decode, field(hash, 'retry_intervals'))
                if not valid or type(intervals) ~= 'table' then intervals = {} end
                local pause = tonumber(intervals[math.max(#intervals - left, 0) + 1]) or 0
                redis.call('HSET', hash, 'retries_left', left - 1, 'hf_completed_by', execution, 'ended_at', ISO)
                if pause > 0 then
                  redis.call('HSET', hash, 'status', 'scheduled')
                  redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
                  redis.call('ZADD', P .. ':scheduled:' .. queue, SEC + math.ceil(pause), job)
                  return 'scheduled'
                end
                push(queue, job, field(hash, 'enqueue_at_front_on_retry') == '1')
                return 'requeued'
                """)
}
