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

    /// What makes records of new jobs; needs standing and limits.
    /// - `create(job, renamed)`: writes a job and gives it its place. `job` has `queue`, `id`, `extras` (the placement
    ///   of ``JobScripts/enqueue``), `over` (whether an old record must go), and `first` and `last`, where its fields
    ///   stand in ARGV. `renamed` tells which ids became others.
    /// - `flush()`: pushes those that go to the ends of queues, which `create` only collects, and lets in those of
    ///   limits. Must be called last.
    static let create = """
        local NOTHING, lists, lines, keys = {}, {}, 0, {}
        local function clear(job)
          local hash = P .. ':job:' .. job
          local old = redis.call('HMGET', hash, 'origin', 'hf_token', 'group_id')
          for _, registry in ipairs({ 'finished', 'failed', 'canceled' }) do
            redis.call('ZREM', P .. ':' .. registry .. ':' .. (old[1] or ''), job)
          end
          if old[3] and old[3] ~= '' then redis.call('SREM', P .. ':group:' .. old[3], job) end
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
            redis.call('HSET', hash, 'status', 'deferred', 'created_at', ISO, unpack(ARGV, job.first, job.last))
            redis.call('ZADD', P .. ':deferred:' .. queue, SEC, job.id)
            redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          elseif due and due > NOW then
            redis.call('HSET', hash, 'status', 'scheduled', 'created_at', ISO, unpack(ARGV, job.first, job.last))
            redis.call('ZADD', P .. ':scheduled:' .. queue, string.format('%.3f', due), job.id)
            redis.call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          elseif extras.limit then
            redis.call('HSET', hash, 'status', 'rate_limited', 'created_at', ISO, unpack(ARGV, job.first, job.last))
            if extras.ttl then redis.call('EXPIRE', hash, extras.ttl) end
            lines = lines + 1
            line(job.id, limit(job.id), lines)
            keys[extras.limit] = true
          else
            redis.call('HSET', hash, 'status', 'queued', 'created_at', ISO, 'enqueued_at', ISO,
              unpack(ARGV, job.first, job.last))
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
        end
        local function flush()
          for queue, list in pairs(lists) do
            local key = P .. ':queue:' .. queue
            redis.call('SADD', P .. ':queues', key)
            for from = 1, #list, 5000 do
              redis.call('RPUSH', key, unpack(list, from, math.min(from + 4999, #list)))
            end
          end
          for key in pairs(keys) do fill(key) end
        end

        """
}
