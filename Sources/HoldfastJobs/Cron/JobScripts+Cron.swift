import HoldfastRedis

extension JobScripts {
    /// Defines a cron entry.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; name; the entry (``StoredCronEntry/Record`` in JSON); when it is due next (Unix seconds, ''
    ///   for never); how many entries there may be.
    /// - Returns: 1, or 0 if the table is full.
    ///
    /// One script: an entry and its due time change together. With the same schedule and zone the due time stays, so
    /// that a restart neither drops nor moves a tick.
    static let cronDefine = RedisScript(
        name: "cronDefine",
        """
        local P, name, entry, due = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
        local table, times = P .. ':hf:cron', P .. ':hf:cron:next'
        local old = redis.call('HGET', table, name)
        if not old and redis.call('HLEN', table) >= tonumber(ARGV[5]) then return 0 end
        redis.call('HSET', table, name, entry)
        local valid, before = pcall(cjson.decode, old or '')
        local now = cjson.decode(entry)
        if valid and type(before) == 'table' and before.schedule == now.schedule and before.zone == now.zone
          and redis.call('ZSCORE', times, name) then return 1 end
        if due == '' then redis.call('ZREM', times, name) else redis.call('ZADD', times, due, name) end
        return 1
        """)

    /// Removes a cron entry and its history; the jobs stay.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; name.
    /// - Returns: 1, or 0 if there was none.
    ///
    /// One script, so that no scheduler sees half of it.
    static let cronRemove = RedisScript(
        name: "cronRemove",
        """
        local P, name = ARGV[1], ARGV[2]
        redis.call('ZREM', P .. ':hf:cron:next', name)
        redis.call('ZREM', P .. ':cron_jobs', name)
        redis.call('DEL', P .. ':cron_job:' .. name .. ':jobs')
        return redis.call('HDEL', P .. ':hf:cron', name)
        """)

    /// Reads all cron entries.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix.
    /// - Returns: for each `{name, entry, due, last}`: the times in Unix seconds, '' for never.
    ///
    /// One script for one consistent picture. Linear in the number of entries, which ``cronDefine`` bounds.
    static let cronList = RedisScript(
        name: "cronList",
        """
        local P, out = ARGV[1], {}
        local all = redis.call('HGETALL', P .. ':hf:cron')
        for index = 1, #all, 2 do
          out[#out + 1] = { all[index], all[index + 1],
            redis.call('ZSCORE', P .. ':hf:cron:next', all[index]) or '',
            redis.call('ZSCORE', P .. ':cron_jobs', all[index]) or '' }
        end
        return out
        """)

    /// Finds the cron entries that are due.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; how many at most.
    /// - Returns: `{now, next, {name, due, entry}, …}`: `now` is the server's time and `next` when the first of the
    ///   others is due, in Unix seconds; '' if none.
    ///
    /// One script, so that times and entries fit each other.
    static let cronDue = RedisScript(
        name: "cronDue",
        Lua.prelude + """
            local times, out = P .. ':hf:cron:next', { STAMP, '' }
            local due = redis.call('ZRANGEBYSCORE', times, '-inf', NOW, 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[2]))
            for index = 1, #due, 2 do
              local entry = redis.call('HGET', P .. ':hf:cron', due[index])
              if entry then
                out[#out + 1] = { due[index], due[index + 1], entry }
              else
                redis.call('ZREM', times, due[index])
              end
            end
            -- The stamp, since Lua writes a number of this size with four decimals only, and rounds.
            local later = redis.call('ZRANGEBYSCORE', times, '(' .. STAMP, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
            out[2] = later[2] or ''
            return out
            """)

    /// The line that lets one scheduler have a tick. A test removes it, and shows what happens then.
    static let tickGuard =
        "if tonumber(redis.call('ZSCORE', times, name)) ~= tonumber(due) then return 'taken' end"

    /// Enqueues the job of a cron entry that is due, and says when it is due next.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; name; the entry as it was read; when it was due (Unix seconds); when it is due next ('' for
    ///   never); its queue; the job's id; the placement; then the job's fields (field, value, …), as ``enqueue``.
    /// - Returns: `enqueued`; `live` if a job of this id or unique key is live, so that the tick is left out; `taken`
    ///   if another scheduler was first or the entry has changed (nothing is written); an error that names a key which
    ///   holds something else (nothing is written, so that the tick is tried again).
    ///
    /// The test of the due time, its change and the enqueueing are one script: however many schedulers run, with or
    /// without a leader, a tick makes one job. RQ's history of the entry is kept as well (`rq:cron_jobs`,
    /// `rq:cron_job:<name>:jobs`, 1000 ids, a year).
    static let cronTick = RedisScript(
        name: "cronTick",
        Lua.prelude + Lua.lenient + Lua.append + Lua.standing + Lua.limits + Lua.create + """
            local name, entry, due, after, queue, job = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
            local times, extras = P .. ':hf:cron:next', ARGV[8] ~= '' and cjson.decode(ARGV[8]) or NOTHING
            if redis.call('HGET', P .. ':hf:cron', name) ~= entry then return 'taken' end
            \(tickGuard)
            local state = standing(job)
            local live = state == 'live' or (extras.unique and liveHolder(extras.unique))
            local made = { queue = queue, id = job, over = state == 'over', extras = extras,
              fields = { unpack(ARGV, 9) } }
            local problem = not live and misfit(made, {})
            if problem then return problem end
            if after == '' then redis.call('ZREM', times, name) else redis.call('ZADD', times, after, name) end
            if live then return 'live' end
            create(made, {})
            flush()
            local history = P .. ':cron_job:' .. name .. ':jobs'
            redis.call('ZADD', P .. ':cron_jobs', SEC, name)
            redis.call('ZADD', history, SEC, job)
            redis.call('ZREMRANGEBYRANK', history, 0, -1001)
            redis.call('EXPIRE', history, 31536000)
            return 'enqueued'
            """)

    static let cron = [cronDefine, cronRemove, cronList, cronDue, cronTick]
}
