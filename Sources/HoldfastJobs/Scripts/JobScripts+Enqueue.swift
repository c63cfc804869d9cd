import HoldfastRedis

extension JobScripts {
    /// The line that keeps a second job of a live unique key out. A test removes it, and shows what happens then.
    static let uniqueGuard = "local holder = extras.unique and liveHolder(extras.unique)"

    /// Enqueues jobs of one queue: all or none.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; queue; then sections (``EnqueueSection``), each of jobs that differ in no more than three
    ///   things: its placement, the number of its jobs, the number of field arguments that they share, those (field,
    ///   value, …), and for each job its id, `data` and `description`. The placement is '' or a JSON object: `front`;
    ///   `ttl` (seconds in the queue); `at` (Unix seconds) or `delay` (seconds); `unique` (a key) and `adopt` (whether
    ///   a live job of it will do); `after` (ids) and `tolerant` (of their failure); `group`; `limit` (a key). The
    ///   fields `status`, `created_at` and `enqueued_at` are set here, by the server's clock.
    /// - Returns: `{'ok'}`, or `{'ok', id, …}`, one id a job, if live jobs were adopted in place of some; or
    ///   `{'live', id, …}`: the live ones (created, waiting, running, deferred or scheduled) that stand in the way; or
    ///   an error that names a key which holds something else. Then nothing is written.
    ///
    /// One script, so no other client sees a record without its place in the queue, or takes an id or a unique key in
    /// between the test and the write. An id that is over (finished, failed, stopped, canceled) is begun anew: its
    /// old record, results and registry entries go, only its execution token goes on counting.
    ///
    /// New ids that just go to the end of the queue (most do) cost one command of their own.
    static let enqueue = RedisScript(
        name: "enqueue",
        Lua.prelude + Lua.lenient + Lua.append + enqueuePlainly + Lua.standing + Lua.limits + Lua.create + """
            local live, jobs, renamed = { 'live' }, {}, {}
            for _, section in ipairs(sections) do
              local extras = section.placement ~= '' and cjson.decode(section.placement) or NOTHING
              for at = section.first, section.last, 3 do
                local job = ARGV[at]
                \(uniqueGuard)
                local state = standing(job)
                if state == 'live' then live[#live + 1] = job end
                if holder and holder ~= job then
                  if extras.adopt then renamed[job] = holder else live[#live + 1] = holder end
                end
                jobs[#jobs + 1] = { queue = queue, id = job, over = state == 'over', extras = extras,
                  fields = { 'data', ARGV[at + 1], 'description', ARGV[at + 2],
                    unpack(ARGV, section.shared, section.first - 1) } }
              end
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
            return next(renamed) and out or { 'ok' }
            """)

    /// Reads the sections, and enqueues them if all their jobs are plain: it comes to what `create` does with a free id
    /// and no placement, with one test for all of them and no table for each, which is half of the whole cost.
    private static let enqueuePlainly = """
        local queue, sections, ids, hashes, plain, at = ARGV[2], {}, {}, {}, true, 3
        local records, count, last = P .. ':job:', 0, #ARGV
        while at < last do
          local first = at + 3 + tonumber(ARGV[at + 2])
          local section = { placement = ARGV[at], shared = at + 3, first = first,
            last = first + 3 * tonumber(ARGV[at + 1]) - 1 }
          sections[#sections + 1] = section
          plain = plain and section.placement == ''
          for place = first, section.last, 3 do
            count = count + 1
            ids[count], hashes[count] = ARGV[place], records .. ARGV[place]
          end
          at = section.last + 1
        end
        for from = 1, plain and count or 0, \(Lua.chunk) do
          plain = plain and redis.call('EXISTS', unpack(hashes, from, math.min(from + \(Lua.chunk - 1), count))) == 0
        end
        if plain then
          local problem, set, index = closedTo(queue), redis.call, 0
          if problem then return problem end
          for _, section in ipairs(sections) do
            local shared, final = section.shared, section.first - 1
            for at = section.first, section.last, 3 do
              index = index + 1
              set('HSET', hashes[index], 'status', 'queued', 'created_at', ISO, 'enqueued_at', ISO,
                'data', ARGV[at + 1], 'description', ARGV[at + 2], unpack(ARGV, shared, final))
            end
          end
          append(queue, ids)
          return { 'ok' }
        end

        """
}
