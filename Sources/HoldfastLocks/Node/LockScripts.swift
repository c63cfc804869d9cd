package import HoldfastRedis

/// The lock protocol's steps at one node. Each runs alone on its node, which is what makes it atomic there; what holds
/// across nodes comes from majorities that share a node.
///
/// `L` is the owner's key, `C` the counter's, `node` the node's record (see ``LockKeys``). Several names are taken as
/// one lock, all or none of them, with one token that is larger than what any of their counters has seen: for each
/// name by itself the steps are those of a lock of its own. Numbers stay below 2^53.
///
/// Holders that write have even tokens, readers odd ones: a reader needs a number above the writer's before it, so that
/// what that one still sends is refused once the reader has raised the fence; and readers with no writer between them
/// share theirs.
///
/// The high-water mark is written ahead, in steps of 1024: it costs a write only now and then, and a floor that is
/// copied from it is the safer for being too high.
///
/// The usual answer is an integer alone, which stands for {1, integer}: to make an array costs the node as much as a
/// small command.
package enum LockScripts {
    static let all = exclusive + shared + [vacant] + admission
    static let exclusive = [grant, confirm, extend, release, together]

    /// Grants free locks to one owner and counts their counters up, above the node's floor.
    ///
    /// KEYS: L of each name, C of each name, node.
    /// ARGV: owner value, TTL in ms, for how many ms readers that hold a lock shall let no others in (0: not at all),
    /// run id of the incarnation that the client is connected to.
    /// Returns: the token; {0, ms left or -1} one is held by another; {-3, ms left} one is held by readers;
    /// {-1, 0} this incarnation may not vote; {-2, maximum} the TTL exceeds the cluster's maximum.
    /// Atomic: nobody sees a lock taken with the old counter, or some of the locks without the others; the high-water
    /// mark never lags behind a grant.
    package static let grant = RedisScript(
        name: "grant",
        """
        \(checkVote)
        local key, argument, names = 0, 0, (#KEYS - 1) / 2
        \(grantStep)
        """)

    /// Lua: a grant of `names` locks, whose keys stand behind KEYS[key] and whose arguments behind ARGV[argument].
    static let grantStep = """
        \(checkTTL("ARGV[argument + 2]"))
        for place = key + 1, key + names do
            if not redis.call('SET', KEYS[place], ARGV[argument + 1], 'NX', 'PX', ARGV[argument + 2]) then
                local left = redis.call('PTTL', KEYS[place])
                local code = 0
                if redis.call('TYPE', KEYS[place]).ok == 'zset' then
                    \(now)
                    \(dropReaders)
                    local mark = redis.call('ZSCORE', KEYS[place], 'writer')
                    code = -3
                    if redis.call('ZCARD', KEYS[place]) == (mark and 1 or 0) then
                        redis.call('SET', KEYS[place], ARGV[argument + 1], 'PX', ARGV[argument + 2])
                        code = 1
                    elseif ARGV[argument + 3] ~= '0' then
                        redis.call('ZADD', KEYS[place], now + tonumber(ARGV[argument + 3]), 'writer')
                        \(expireWithTheLast)
                    end
                end
                if code ~= 1 then
                    for taken = key + 1, place - 1 do redis.call('DEL', KEYS[taken]) end
                    return {code, left}
                end
            end
        end
        local next = redis.call('INCRBY', KEYS[key + names + 1], '2')
        local before = next - 2
        if before < floor then before = floor end
        for place = key + names + 2, key + names * 2 do
            before = math.max(before, tonumber(redis.call('GET', KEYS[place]) or 0))
        end
        local token = before + 2 - before % 2
        if token >= 9007199254740991 then return redis.error_reply('EXHAUSTED the fencing counter has reached 2^53') end
        for place = key + names + 1, key + names * 2 do
            if place > key + names + 1 or token ~= next then
                redis.call('SET', KEYS[place], string.format('%.0f', token))
            end
        end
        \(raiseHigh)
        return token
        """

    /// Writes back the token that the attempt chose, where the node still holds the locks for it.
    ///
    /// KEYS: L of each name, C of each name, node.
    /// ARGV: owner value, token, run id.
    /// Returns: the token, which the node stores; {0, 0} it no longer holds the locks for this owner, or has counted
    /// further; {-1, 0} this incarnation may not vote.
    /// Atomic: the holder check and the write are one step; without the check a slow attempt could store its token
    /// after another attempt was granted the same number there.
    static let confirm = RedisScript(
        name: "confirm",
        """
        \(checkVote)
        local names = (#KEYS - 1) / 2
        local token = tonumber(ARGV[2])
        for place = 1, names do
            if redis.pcall('GET', KEYS[place]) ~= ARGV[1] then return {0, 0} end
            if tonumber(redis.call('GET', KEYS[names + place]) or 0) > token then return {0, 0} end
        end
        for place = 1, names do redis.call('SET', KEYS[names + place], ARGV[2]) end
        \(raiseHigh)
        return token
        """)

    /// Renews a lease at a node that holds it, or repairs one that lost it to nobody.
    ///
    /// A node that has counted beyond the token is of no use any more, even where it holds the key: the count may be a
    /// grant to another, whose lock was lost and repaired for this owner, and that other may have been issued his
    /// token since.
    ///
    /// KEYS: L of each name, C of each name, node.
    /// ARGV: owner value, token, TTL in ms, run id.
    /// Returns: 0 renewed; {2, 0} a key was gone and is set again: it counts from the next round on only;
    /// {0, ms left or -1} one is another's, or was granted to another in between; {-1, 0} this incarnation may not
    /// vote.
    /// Atomic: nobody can be granted a lock between the check and the renewal.
    static let extend = RedisScript(
        name: "extend",
        """
        \(checkVote)
        local names = (#KEYS - 1) / 2
        local token = tonumber(ARGV[2])
        local complete = true
        for place = 1, names do
            local owner = redis.pcall('GET', KEYS[place])
            if not owner then complete = false
            elseif owner ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[place])} end
            if tonumber(redis.call('GET', KEYS[names + place]) or 0) > token then return {0, -1} end
        end
        if complete then
            for place = 1, names do redis.call('PEXPIRE', KEYS[place], ARGV[3]) end
            return 0
        end
        if floor > token then return {0, -1} end
        for place = 1, names do
            redis.call('SET', KEYS[place], ARGV[1], 'PX', ARGV[3])
            redis.call('SET', KEYS[names + place], ARGV[2])
        end
        \(raiseHigh)
        return {2, 0}
        """)

    /// Frees the locks that are still this owner's, and tells those who wait.
    ///
    /// KEYS: L of each name.
    /// ARGV: owner value, channel of each name.
    /// Returns: how many were freed.
    /// Atomic: between the check and the deletion a key cannot become another's.
    package static let release = RedisScript(
        name: "release",
        """
        local key, argument, names = 0, 0, #KEYS
        \(releaseStep)
        """)

    /// Lua: a release of `names` locks, whose keys stand behind KEYS[key] and whose arguments behind ARGV[argument].
    static let releaseStep = """
        local freed = 0
        for place = 1, names do
            if redis.pcall('GET', KEYS[key + place]) == ARGV[argument + 1] then
                redis.call('DEL', KEYS[key + place])
                redis.call('PUBLISH', ARGV[argument + 1 + place], '')
                freed = freed + 1
            end
        end
        return freed
        """

    /// Lua: reads the record's `vote` and ends the script unless it belongs to the incarnation whose run id the last
    /// argument is.
    ///
    /// One text of fixed places, for every step of a lock reads it: the floor (places 1 to 16), the high-water mark
    /// (18 to 33) and the maximum TTL in ms (35 to 46) in decimal digits, and from place 48 on the run id of the
    /// incarnation that may vote. Where nobody may, there is none.
    static let checkVote = """
        local vote = redis.call('HGET', KEYS[#KEYS], 'vote')
        if not vote or string.sub(vote, 48) ~= ARGV[#ARGV] then return {-1, 0} end
        local floor, high, maximum
        \(readVote)
        """

    /// Lua: what a vote says. Arithmetic makes a number of a text for less than a call of tonumber.
    static let readVote = """
        floor, high = string.sub(vote, 1, 16) + 0, string.sub(vote, 18, 33) + 0
        maximum = string.sub(vote, 35, 46) + 0
        """

    /// Lua: ends the step where the TTL, an expression, exceeds the vote's maximum.
    static func checkTTL(_ ttl: String) -> String {
        "if \(ttl) + 0 > maximum then return {-2, maximum} end"
    }

    /// Lua: keeps the node's high-water mark above `token`. What is not written does not count: of several steps in one
    /// call the next one would rely on it.
    static let raiseHigh = """
        if token > high then
            local raised = math.min(token + 1024, 9007199254740990)
            redis.call('HSET', KEYS[#KEYS], 'vote',
                string.sub(vote, 1, 17) .. string.format('%016.0f', raised) .. string.sub(vote, 34))
            high = raised
        end
        """

    /// Lua: raises the node's floor to `raised`, where it is lower, and never leaves the high-water mark below it.
    static let raiseFloor = """
        if raised > floor then
            redis.call('HSET', KEYS[#KEYS], 'vote',
                string.format('%016.0f %016.0f', raised, math.max(raised, high)) .. string.sub(vote, 34))
        end
        """
}
