import HoldfastRedis

extension JobScripts {
    /// The line that keeps a second job of a live unique key out. A test removes it, and shows what happens then.
    static let uniqueGuard = "local holder = extras.unique and liveHolder(extras.unique)"

    /// Enqueues jobs: all or none.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; the number of jobs; then for each job its queue, id, placement, the number of field arguments,
    ///   and those (field, value, …). The placement is '' or a JSON object: `front`; `ttl` (seconds in the queue);
    ///   `at` (Unix seconds) or `delay` (seconds); `unique` (a key) and `adopt` (whether a live job of it will do);
    ///   `after` (ids) and `tolerant` (of their failure); `group`; `limit` (a key). The fields `status`, `created_at`
    ///   and `enqueued_at` are set here, by the server's clock.
    /// - Returns: `{'ok', id, …}`, one id a job, or `{'live', id, …}`: the live ones (created, waiting, running,
    ///   deferred or scheduled) that stand in the way; or an error that names a key which holds something else. Then
    ///   nothing is written.
    ///
    /// One script, so no other client sees a record without its place in the queue, or takes an id or a unique key in
    /// between the test and the write. An id that is over (finished, failed, stopped, canceled) is begun anew: its
    /// old record, results and registry entries go, only its execution token goes on counting.
    static let enqueue = RedisScript(
        name: "enqueue",
        Lua.prelude + Lua.lenient + Lua.standing + Lua.limits + Lua.create + """
            local live, jobs, renamed, at = { 'live' }, {}, {}, 3
            for index = 1, tonumber(ARGV[2]) do
              local job, extras = ARGV[at + 1], ARGV[at + 2]
              extras = extras ~= '' and cjson.decode(extras) or NOTHING
              local last = at + 3 + tonumber(ARGV[at + 3])
              \(uniqueGuard)
              local state = standing(job)
              if state == 'live' then live[#live + 1] = job end
              if holder and holder ~= job then
                if extras.adopt then renamed[job] = holder else live[#live + 1] = holder end
              end
              jobs[index] = { queue = ARGV[at], id = job, over = state == 'over', extras = extras,
                first = at + 4, last = last }
              at = last + 1
            end
            if #live > 1 then return live end
            for _, job in ipairs(jobs) do
              local problem = not renamed[job.id] and misfit(job, renamed)
              if problem then return problem end
            end
            local out = { 'ok' }
            for index, job in ipairs(jobs) do
              out[index + 1] = renamed[job.id] or job.id
              if not renamed[job.id] then create(job, renamed) end
            end
            flush()
            return out
            """)
}
