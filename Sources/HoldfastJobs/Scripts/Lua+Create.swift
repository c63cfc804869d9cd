extension Lua {
    /// `standing(job)`: whether an id is `live`, `over` or `free`. `liveHolder(key)`: the id of the live job that has a
    /// unique key, or nil: the key is judged by the state of the job that had it last.
    static let standing = """
        local over = { finished = true, failed = true, stopped = true, canceled = true }
        local function standing(job)
          local hash = P .. ':job:' .. job
          if redis.call('EXISTS', hash) == 0 then return 'free' end
          return over[field(hash, 'status')] and 'over' or 'live'
        end
        local function liveHolder(key)
          local job = redis.call('HGET', P .. ':hf:unique', key)
          if not job or standing(job) ~= 'live' then return nil end
          return field(P .. ':job:' .. job, 'hf_unique') == key and job or nil
        end

        """

    /// How new jobs come to the end of their queue.
    /// - `wrong(key, kind)`: what to answer if a key holds something else than `kind`, or nothing; nil if it fits.
    /// - `closedTo(queue)`: the same of the keys that an entry of a queue is written to. Asked before the first write,
    ///   since Redis does not take back what a script wrote before it failed.
    /// - `append(queue, ids)`: pushes them. Lua's stack bounds how many values a call takes.
    static let append = """
        local types = {}
        local function wrong(key, kind)
          if not types[key] then types[key] = redis.call('TYPE', key).ok end
          if types[key] == 'none' or types[key] == kind then return nil end
          return redis.error_reply('WRONGTYPE the key ' .. key .. ' holds a ' .. types[key] .. ', not a ' .. kind
            .. ': nothing was enqueued; rename or delete that key first')
        end
        local function closedTo(queue)
          return wrong(P .. ':queues', 'set') or wrong(P .. ':queue:' .. queue, 'list')
        end
        local function append(queue, ids)
          local key = P .. ':queue:' .. queue
          redis.call('SADD', P .. ':queues', key)
          for from = 1, #ids, \(chunk) do
            redis.call('RPUSH', key, unpack(ids, from, math.min(from + \(chunk - 1), #ids)))
          end
        end

        """

    /// How many values a script hands to one command: Lua's stack holds 8000.
    static let chunk = 4000

    /// What makes records of new jobs; needs standing, limits and append.
    /// - `misfit(job, renamed)`: what to answer if a key that `create` will write, or read, for a job holds something
    ///   else; nil if all fit. Asked before the first write, as `closedTo`.
    /// - `create(job, renamed)`: writes a job and gives it its place. `job` has `queue`, `id`, `extras` (the placement
    ///   of ``JobScripts/enqueue``), `over` (whether an old record must go), and `fields` (field, value, …). `renamed`
    ///   tells which ids became others.
    /// - `flush()`: pushes those that go to the ends of queues, which `create` only collects, and lets in those of
    ///   limits. Must be called last.
    static let create = """
        local NOTHING, lists, lines, keys = {}, {}, 0, {}
        local function misfit(job, renamed)
          local extras, hash = job.extras, P .. ':job:'
          local found = closedTo(job.queue)
          if extras.at or extras.delay then found = found or wrong(P .. ':scheduled:' .. job.queue, 'zset') end
          if extras.group then
            found = found or wrong(P .. ':groups', 'set') or wrong(P .. ':group:' .. extras.group, 'set')
          end
          if extras.after then
            found = found or wrong(P .. ':deferred:' .. job.queue, 'zset')
              or (not job.over and wrong(hash .. ':' .. job.id .. ':dependencies', 'set'))
          end
          if extras.limit then
            local base = P .. ':rl:' .. extras.limit
            found = found or wrong(P .. ':rl-keys', 'set') or wrong(base, 'hash')
              or wrong(base .. ':allowed', 'zset') or wrong(base .. ':rate_limited', 'zset')
          end
          for _, name in ipairs(extras.after or NOTHING) do
            local other = hash .. (renamed[name] or name)
            found = found or wrong(other, 'hash') or wrong(other .. ':dependents', 'set')
          end
          return found or nil
        end
        local function clear(job)
          local hash = P .. ':job:' .. job
          local old = redis.call('HMGET', hash, 'origin', 'hf_token', 'group_id')
          -- What is something else holds no entry of it.
          for _, registry in ipairs({ 'finished', 'failed', 'canceled' }) do
            redis.pcall('ZREM', P .. ':' .. registry .. ':' .. (old[1] or ''), job)
          end
          if old[3] and old[3] ~= '' then redis.pcall('SREM', P .. ':group:' .. old[3], job) end
          redis.call('DEL', hash, P .. ':results:' .. job, hash .. ':dependents',
            P .. ':job::' .. job .. ':dependencies')
          if old[2] then redis.call('HSET', hash, 'hf_token', old[2]) end
        end
        local function waits(job, extras, renamed)
          local unmet = false
          for _, name in ipairs(extras.after or NOTHING) do
            local other = renamed[name] or name
            local status = redis.call('HGET', P .. ':job:' .. other, 'status')
            redis.call('SADD', P .. ':job::' .. job .. ':dependencies', other)
            if status and status ~= 'finished' and not (status == 'failed' and extras.tolerant) then
              redis.call('SADD', P .. ':job:' .. other .. ':dependents', job)
              unmet = true
            end
          end
          return unmet
        end
        local function rename(hash, extras, renamed)
          local names, changed = {}, false
          for index, name in ipairs(extras.after) do
            names[index] = renamed[name] or name
            changed = changed or renamed[name] ~= nil
          end
          if changed then
            redis.call('HSET', hash, 'dependency_ids', cjson.encode(names), 'dependency_id', names[1])
          end
        end
        local function create(job, renamed)
          local queue, extras, hash = job.queue, job.extras, P .. ':job:' .. job.id
          if job.over then clear(job.id) end
          local due = extras.at or (extras.delay and NOW + extras.delay)
          if extras.unique then redis.call('HSET', P .. ':hf:unique', extras.unique, job.id) end
          if extras.group then
            redis.call('SADD', P .. ':groups', extras.group)
            redis.call('SADD', P .. ':group:' .. extras.group, job.id)
          end
          if extras.after and waits(job.id, extras, renamed) then
            redis.call('HSET', hash, 'status', 'deferred', 'created_at', ISO, unpack(job.fields))
            redis.call('ZADD', P .. ':deferred:' .. queue, SEC, job.id)
            redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          elseif due and due > NOW then
            redis.call('HSET', hash, 'status', 'scheduled', 'created_at', ISO, unpack(job.fields))
            redis.call('ZADD', P .. ':scheduled:' .. queue, string.format('%.3f', due), job.id)
            redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          elseif extras.limit then
            redis.call('HSET', hash, 'status', 'rate_limited', 'created_at', ISO, unpack(job.fields))
            if extras.ttl then redis.call('EXPIRE', hash, extras.ttl) end
            lines = lines + 1
            line(job.id, limit(job.id), lines, true)
            keys[extras.limit] = true
          else
            redis.call('HSET', hash, 'status', 'queued', 'created_at', ISO, 'enqueued_at', ISO,
              unpack(job.fields))
            if extras.ttl then
              redis.call('EXPIRE', hash, extras.ttl)
              redis.call('EXPIRE', P .. ':job::' .. job.id .. ':dependencies', extras.ttl)
            end
            if extras.front then
              redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
              redis.call('LPUSH', P .. ':queue:' .. queue, job.id)
            else
              local list = lists[queue] or {}
              lists[queue] = list
              list[#list + 1] = job.id
            end
          end
          if extras.after then rename(hash, extras, renamed) end
        end
        local function flush()
          for queue, list in pairs(lists) do append(queue, list) end
          for key in pairs(keys) do fill(key) end
        end

        """
}
