import HoldfastRedis

extension LockScripts {
    /// Drops the counter of a lock that nobody holds, and remembers its number in the node's floor instead.
    ///
    /// KEYS: L, C, node.
    /// ARGV: a level below which the floor may not stay (0 for none), run id.
    /// Returns: {1, floor} forgotten; {0, 0} the lock is held; {-1, 0} this incarnation may not vote.
    /// Atomic: the floor is raised in the step that drops the counter, so at no moment does the node know less than
    /// before: the next grant of the name counts from the floor. Where the node did not vote, its floor could be
    /// replaced by an admission that knows nothing of this counter.
    static let forget = RedisScript(
        name: "forget",
        """
        \(checkVote)
        if redis.call('EXISTS', KEYS[1]) == 1 then return {0, 0} end
        local raised = math.max(floor, tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[1]))
        \(raiseFloor)
        redis.call('DEL', KEYS[2])
        return {1, raised}
        """)

    /// Raises a node's floor. Nodes with the same floor grant the same first number for a new name, which then needs no
    /// second round.
    ///
    /// KEYS: node.
    /// ARGV: the level, run id.
    /// Returns: {1, floor}, never lower than before; {-1, 0} this incarnation may not vote.
    /// Atomic: two at once end at the higher level, and the high-water mark never lags behind the floor.
    static let level = RedisScript(
        name: "level",
        """
        \(checkVote)
        local raised = math.max(floor, tonumber(ARGV[1]))
        \(raiseFloor)
        return {1, raised}
        """)

    /// One step through the counters: which were not used for a while.
    ///
    /// Redis keeps small integers (below 10 000) as objects that all keys with the same number share, and so is the
    /// time of their last use: it says nothing of a single counter. Such a counter is rewritten in place (SETRANGE with
    /// its own digits gives it an object of its own) and watched from then on; its next use shares it again.
    ///
    /// KEYS: none; the counters are those that SCAN finds.
    /// ARGV: cursor, pattern of the counters' keys, how many keys to look through, seconds without use, 1 to begin to
    /// watch shared ones else 0.
    /// Returns: {next cursor, counters seen, of these used since, not watched before, {keys of the idle ones}}.
    /// Atomic: number and rewriting are one step, so a grant in between cannot be overwritten. IDLETIME needs a
    /// maxmemory policy that is not LFU; a lock node has noeviction.
    static let sift = RedisScript(
        name: "sift",
        """
        local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
        local seen, used, unwatched, idle = 0, 0, 0, {}
        local limit = tonumber(ARGV[4])
        for _, key in ipairs(step[2]) do
            if redis.call('TYPE', key).ok == 'string' then
                seen = seen + 1
                if limit > 0 and redis.call('OBJECT', 'REFCOUNT', key) ~= 1 then
                    unwatched = unwatched + 1
                    if ARGV[5] == '1' then redis.call('SETRANGE', key, 0, redis.call('GET', key)) end
                elseif redis.call('OBJECT', 'IDLETIME', key) < limit then
                    used = used + 1
                else
                    idle[#idle + 1] = key
                end
            end
        end
        return {step[1], seen, used, unwatched, idle}
        """)
}
