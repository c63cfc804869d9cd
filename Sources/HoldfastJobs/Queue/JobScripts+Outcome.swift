import HoldfastRedis

extension JobScripts {
    /// Reads a job's newest result together with its state.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; job.
    /// - Returns: `{known, status, entries}`: 1 if there is such a job, else 0; its status or ''; the newest entry of
    ///   its result stream, or none.
    ///
    /// Reads only. One script, so that a result is known to be of the job's present life: a failure that was read
    /// before a requeue, and the state after it, would not fit each other.
    static let outcome = RedisScript(
        name: "outcome",
        """
        local P, job = ARGV[1], ARGV[2]
        local hash = P .. ':job:' .. job
        return { redis.call('EXISTS', hash), redis.call('HGET', hash, 'status') or '',
          redis.call('XREVRANGE', P .. ':results:' .. job, '+', '-', 'COUNT', 1) }
        """)
}
