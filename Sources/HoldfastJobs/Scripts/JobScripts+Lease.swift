import HoldfastRedis

extension JobScripts {
    /// Renews the leases of a worker's executions.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; lease in milliseconds; margin in seconds; then for each execution its queue, job,
    ///   execution id and when it was claimed (Unix seconds).
    /// - Returns: `{trouble, verdict, verdict, …}`, for each execution 1 (renewed), 0 (the lease is lost: the execution
    ///   is no longer registered, or its job was deleted) or -1 (not renewed, since its keys cannot be used). `trouble`
    ///   is the first error of one execution's keys, or ''; the others are not touched by it.
    ///
    /// Membership in `rq:wip` is the lease: whoever takes an execution away removes it there, and the test and the
    /// renewal are one script, so a lease that was given up is never brought back. Here RQ's records of an execution
    /// begin. The lease itself is written last: what fails before has not renewed it.
    static let renew = RedisScript(
        name: "renew",
        Lua.prelude + Lua.lenient + Lua.attempt + Lua.release + """
            local worker, lease, margin = ARGV[2], tonumber(ARGV[3]) / 1000, tonumber(ARGV[4])
            local deadline = NOW + lease
            local score, live = math.ceil(deadline) + margin, math.ceil(lease) + margin + 60
            local function renew(queue, job, execution, claimed)
              local member = job .. ':' .. execution
              local mine = call('ZSCORE', P .. ':wip:' .. queue, member)
              if not mine then return 0 end
              if call('EXISTS', P .. ':job:' .. job) == 0 then
                release(queue, job, execution, worker)
                return 0
              end
              call('HSET', P .. ':job:' .. job, 'last_heartbeat', ISO)
              call('HSET', P .. ':execution:' .. member, 'id', execution, 'job_id', job,
                'created_at', claimed, 'last_heartbeat', STAMP, 'worker_name', worker)
              call('EXPIRE', P .. ':execution:' .. member, live)
              call('ZADD', P .. ':executions:' .. job, score + 60, execution)
              call('EXPIRE', P .. ':executions:' .. job, live + 60)
              call('SADD', P .. ':worker:' .. worker .. ':executions', member)
              call('ZADD', P .. ':lease:' .. queue, deadline, member)
              call('ZADD', P .. ':wip:' .. queue, 'XX', score, member)
              return 1
            end
            local out = { '' }
            for at = 5, #ARGV, 4 do out[#out + 1] = attempt(renew, unpack(ARGV, at, at + 3)) or -1 end
            call('EXPIRE', P .. ':worker:' .. worker .. ':executions', live + 60)
            call('EXPIRE', P .. ':claims:' .. worker, live + 60)
            out[1] = trouble
            return out
            """)

    /// Gives back executions that are registered for a worker which does not know of them: those of a take whose
    /// reply was lost. Must not run while a take of the same worker is under way.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; its instance; how many queues; the queues; the execution ids that the worker knows.
    /// - Returns: `{trouble, returned}`: how many were given back; none where another instance has registered under the
    ///   worker's name, for the executions may be its own. `trouble` is the first error of one execution's keys, or '':
    ///   the others are not touched by it.
    ///
    /// Conditional on `rq:wip` like ``complete``; leaving the registry and entering the queue are one step. Neither a
    /// retry nor a crash is counted. What a queue cannot take back is left to the end of its lease.
    static let reconcile = RedisScript(
        name: "reconcile",
        Lua.prelude + Lua.lenient + Lua.release + Lua.push + """
            local worker, queues, known, returned = ARGV[2], tonumber(ARGV[4]), {}, 0
            local instance = field(P .. ':worker:' .. worker, 'hf_instance')
            if instance ~= '' and instance ~= ARGV[3] then return { '', 0 } end
            call = lenient
            for at = 5 + queues, #ARGV do known[ARGV[at]] = true end
            for _, member in ipairs(call('SMEMBERS', P .. ':claims:' .. worker) or {}) do
              local job, execution = string.match(member, '^([%w_-]+):(%w+)$')
              if job and not known[execution] then
                for index = 1, queues do
                  local queue = ARGV[4 + index]
                  if call('ZSCORE', P .. ':wip:' .. queue, member) and call('LLEN', P .. ':queue:' .. queue) then
                    release(queue, job, execution, worker)
                    if field(P .. ':job:' .. job, 'status') == 'started' then push(queue, job, true) end
                    returned = returned + 1
                  end
                end
                call('SREM', P .. ':claims:' .. worker, member)
              end
            end
            return { trouble, returned }
            """)
}
