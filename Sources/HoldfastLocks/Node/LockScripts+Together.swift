package import HoldfastRedis

/// Steps of many locks in one call. A node takes as long to begin a script, and to read its own record, as for a whole
/// step: sixteen steps together cost it a third less than sixteen calls, and the client one reply instead of sixteen.
///
/// Each step is what it is alone: they are run in the order in which they were asked for, and one that fails leaves the
/// others as they are. Redis, though, asks only before a script's first write whether it may write at all (memory is
/// left, the server is no replica, its disk works), and a release may where there is no memory. So the first release
/// finds out what a grant would be told, by a SET that changes nothing (the record is there), and the grants behind it
/// are told the same.
extension LockScripts {
    /// Grants and releases of single locks, in any order.
    ///
    /// KEYS: of each step those of ``grant`` (L, C) or of ``release`` (L); node.
    /// ARGV: of each step its name, `grant` or `release`, and what the script of that name is given; run id, or ''
    /// where no step is a grant.
    /// Returns: of each step what the script of that name returns, or its error.
    /// Atomic: as each of the two.
    package static let together = RedisScript(
        name: "together",
        """
        local redis, names = redis, 1
        local floor, high, maximum
        local vote = redis.pcall('HGET', KEYS[#KEYS], 'vote')
        local function read()
            \(readVote)
        end
        local function errorReply(problem)
            if type(problem) == 'table' then return problem end
            return redis.error_reply(string.find(problem, '^%u+ ') and problem or 'ERR ' .. problem)
        end
        local refusal, mayWrite = {-1, 0}, false
        if type(vote) == 'table' then
            refusal = vote
        elseif vote and ARGV[#ARGV] ~= '' and string.sub(vote, 48) == ARGV[#ARGV] then
            local isRead, problem = pcall(read)
            refusal = not isRead and errorReply(problem) or nil
        end
        local function grant(key, argument)
            if refusal then return refusal end
            \(grantStep)
        end
        local function release(key, argument)
            if not refusal and not mayWrite then
                mayWrite = redis.pcall('SET', KEYS[#KEYS], '', 'NX') or true
                if mayWrite ~= true then refusal = mayWrite end
            end
            \(releaseStep)
        end
        local answers, key, argument = {}, 0, 1
        while argument < #ARGV do
            local step, keys, arguments = grant, 2, 4
            if ARGV[argument] == 'release' then step, keys, arguments = release, 1, 3 end
            local isDone, answer = pcall(step, key, argument)
            answers[#answers + 1] = isDone and answer or errorReply(answer)
            key, argument = key + keys, argument + arguments
        end
        return answers
        """)

    /// How many steps travel together at most. More gain next to nothing, and other clients of the node wait longer.
    package static let mostTogether = 16
}
