extension Lua {
    /// `prune(queue, kind, job)` notes that a job has ended as `finished` or `failed`, and deletes the records that
    /// ended first beyond the number that the queue keeps (``Queue/retain(_:)``). Costs one command for a queue that
    /// keeps any number. A record that is live again, or ended otherwise since, only leaves the list.
    static let prune = """
        local limits, ends = {}, 0
        local function prune(queue, kind, job)
          limits[queue] = limits[queue] or call('HMGET', P .. ':hf:keep:' .. queue, 'finished', 'failed') or {}
          local limit = tonumber(limits[queue][kind == 'finished' and 1 or 2] or nil)
          if not limit then return end
          local ended = P .. ':hf:ended:' .. kind .. ':' .. queue
          -- Those of one batch have ended one after the other, too.
          ends = ends + 1
          call('ZADD', ended, string.format('%.6f', NOW + ends / 1000000), job)
          local surplus = (call('ZCARD', ended) or 0) - limit
          if surplus < 1 then return end
          local old = call('ZPOPMIN', ended, math.min(surplus, 1000)) or {}
          for index = 1, #old, 2 do
            local hash = P .. ':job:' .. old[index]
            local status = field(hash, 'status')
            if status == kind or (kind == 'failed' and status == 'stopped') then
              call('ZREM', P .. ':' .. kind .. ':' .. queue, old[index])
              call('DEL', hash, hash .. ':dependents', P .. ':job::' .. old[index] .. ':dependencies',
                P .. ':results:' .. old[index])
            end
          end
        end

        """
}
