import HoldfastRedis

extension JobScripts {
    /// Saves the `meta` of running executions, where RQ's readers look for it.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; then for each execution its queue, job, execution id and `meta` (JSON).
    /// - Returns: for each execution 1 (saved) or 0 (it is not registered any more; nothing was written).
    ///
    /// Conditional on `rq:wip` like ``renew``, in one script: an execution that was given up does not overwrite what
    /// its successor says, nor makes a record that holds nothing else.
    static let saveMeta = RedisScript(
        name: "saveMeta",
        """
        local P, out = ARGV[1], {}
        for at = 2, #ARGV, 4 do
          local hash, member = P .. ':job:' .. ARGV[at + 1], ARGV[at + 1] .. ':' .. ARGV[at + 2]
          local mine = redis.call('ZSCORE', P .. ':wip:' .. ARGV[at], member) and redis.call('EXISTS', hash) == 1
          if mine then redis.call('HSET', hash, 'meta', ARGV[at + 3]) end
          out[#out + 1] = mine and 1 or 0
        end
        return out
        """)
}
