import HoldfastRedis

/// The lock protocol's steps at one node. Each runs alone on its node, which is what makes it atomic there; what holds
/// across nodes comes from majorities that share a node.
///
/// `L` is the owner's key, `C` the counter's, `node` the node's record (see ``LockKeys``). Numbers stay below 2^53.
enum LockScripts {
    static let all = [grant, confirm, extend, release, prepare, notice, admit]

    /// Grants a free lock and counts its counter up, above the node's floor.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, TTL in ms, run id of the incarnation that the client is connected to.
    /// Returns: {1, token}; {0, ms left or -1} held by another; {-1, 0} this incarnation may not vote;
    /// {-2, maximum} the TTL exceeds the cluster's maximum.
    /// Atomic: nobody sees the lock taken with the old counter; the high-water mark never lags behind a grant.
    static let grant = RedisScript(
        name: "grant",
        """
        local node = redis.call('HMGET', KEYS[3], 'admitted', 'maximum_ttl', 'floor', 'high')
        if node[1] ~= ARGV[3] then return {-1, 0} end
        if tonumber(ARGV[2]) > tonumber(node[2]) then return {-2, tonumber(node[2])} end
        local left = redis.call('PTTL', KEYS[1])
        if left ~= -2 then return {0, left} end
        local token = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(node[3])) + 1
        if token >= 9007199254740991 then return redis.error_reply('EXHAUSTED the fencing counter has reached 2^53') end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        redis.call('SET', KEYS[2], string.format('%.0f', token))
        if token > tonumber(node[4]) then redis.call('HSET', KEYS[3], 'high', string.format('%.0f', token)) end
        return {1, token}
        """)

    /// Writes back the token that the attempt chose, where the node still holds the lock for it.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, token, run id.
    /// Returns: {1, token} the node stores the token; {0, 0} it no longer holds the lock for this owner, or has
    /// counted further; {-1, 0} this incarnation may not vote.
    /// Atomic: the holder check and the write are one step; without the check a slow attempt could store its token
    /// after another attempt was granted the same number there.
    static let confirm = RedisScript(
        name: "confirm",
        """
        local node = redis.call('HMGET', KEYS[3], 'admitted', 'high')
        if node[1] ~= ARGV[3] then return {-1, 0} end
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0, 0} end
        local token = tonumber(ARGV[2])
        local count = tonumber(redis.call('GET', KEYS[2]) or 0)
        if count > token then return {0, 0} end
        if count < token then redis.call('SET', KEYS[2], ARGV[2]) end
        if token > tonumber(node[2]) then redis.call('HSET', KEYS[3], 'high', ARGV[2]) end
        return {1, token}
        """)

    /// Renews a lease at a node that holds it, or repairs one that lost it to nobody.
    ///
    /// KEYS: L, C, node.
    /// ARGV: owner value, token, TTL in ms, run id.
    /// Returns: {1, 0} renewed; {2, 0} the key was gone and is set again: it counts from the next round on only;
    /// {0, ms left or -1} it is another's, or was granted to another in between; {-1, 0} this incarnation may not vote.
    /// Atomic: nobody can be granted the lock between the check and the renewal.
    static let extend = RedisScript(
        name: "extend",
        """
        local node = redis.call('HMGET', KEYS[3], 'admitted', 'floor', 'high')
        if node[1] ~= ARGV[4] then return {-1, 0} end
        local owner = redis.call('GET', KEYS[1])
        if owner == ARGV[1] then
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return {1, 0}
        end
        if owner then return {0, redis.call('PTTL', KEYS[1])} end
        local token = tonumber(ARGV[2])
        local count = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(node[2]))
        if count > token then return {0, -1} end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
        redis.call('SET', KEYS[2], ARGV[2])
        if token > tonumber(node[3]) then redis.call('HSET', KEYS[3], 'high', ARGV[2]) end
        return {2, 0}
        """)

    /// Frees a lock if it is still this owner's, and tells those who wait.
    ///
    /// KEYS: L.
    /// ARGV: owner value, channel.
    /// Returns: {1, 0} freed; {0, 0} it was not this owner's.
    /// Atomic: between the check and the deletion the key cannot become another's.
    static let release = RedisScript(
        name: "release",
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0, 0} end
        redis.call('DEL', KEYS[1])
        redis.call('PUBLISH', ARGV[2], '')
        return {1, 0}
        """)

    /// First phase of initialising a blank cluster: writes the descriptor, without the right to vote.
    ///
    /// KEYS: node.
    /// ARGV: run id, cluster id, number of nodes, index, maximum TTL in ms.
    /// Returns: 1 written, or written before by this cluster's init in this incarnation; 0 the node has a record.
    /// Atomic: two initialisers cannot both find the node blank.
    static let prepare = RedisScript(
        name: "prepare",
        """
        local node = redis.call('HMGET', KEYS[1], 'cluster', 'admitted', 'prepared', 'index')
        if node[1] then
            if node[1] == ARGV[2] and not node[2] and node[3] == ARGV[1] and node[4] == ARGV[4] then return 1 end
            return 0
        end
        redis.call('HSET', KEYS[1], 'cluster', ARGV[2], 'nodes', ARGV[3], 'index', ARGV[4],
            'maximum_ttl', ARGV[5], 'prepared', ARGV[1], 'floor', '0', 'high', '0')
        return 1
        """)

    /// Notes on a blank node since when it has been seen to be blank. Its uptime alone would not tell how long it has
    /// remembered: FLUSHALL forgets without a restart. Whatever makes the node forget again takes the note along.
    ///
    /// KEYS: node.
    /// ARGV: none.
    /// Returns: 1 noted, or noted before in this incarnation; 0 the node is not blank.
    /// Atomic: incarnation and uptime are those of the server that keeps the note.
    static let notice = RedisScript(
        name: "notice",
        """
        local node = redis.call('HMGET', KEYS[1], 'cluster', 'blank_run')
        if node[1] then return 0 end
        local server = redis.call('INFO', 'server')
        local run = string.match(server, 'run_id:(%x+)')
        if node[2] == run then return 1 end
        redis.call('HSET', KEYS[1], 'blank_run', run, 'blank_since', string.match(server, 'uptime_in_seconds:(%d+)'))
        return 1
        """)

    /// Lets an incarnation vote, with a floor below which it will never issue a token.
    ///
    /// KEYS: node.
    /// ARGV: run id, cluster id, number of nodes, index, maximum TTL in ms, floor, 1 if every write is synced else 0,
    /// the uptime in s at which the node was noticed to be blank or '' if it was not.
    /// Returns: 1 admitted; 0 the record belongs to another cluster, another size or another index, or the server has
    /// been restarted or flushed since it was judged.
    /// Atomic: floor and admission appear together; the floor never sinks, so two admissions at once do no harm. The
    /// judgement was about one incarnation with one memory, and reaches no other.
    static let admit = RedisScript(
        name: "admit",
        """
        local node = redis.call('HMGET', KEYS[1], 'cluster', 'nodes', 'index', 'floor', 'high', 'blank_since')
        if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[1] then return 0 end
        if not node[1] and node[6] ~= ARGV[8] then return 0 end
        if node[1] and (node[1] ~= ARGV[2] or node[2] ~= ARGV[3] or node[3] ~= ARGV[4]) then return 0 end
        local floor = math.max(tonumber(node[4] or 0), tonumber(ARGV[6]))
        local high = math.max(tonumber(node[5] or 0), floor)
        redis.call('HSET', KEYS[1], 'cluster', ARGV[2], 'nodes', ARGV[3], 'index', ARGV[4], 'maximum_ttl', ARGV[5],
            'floor', string.format('%.0f', floor), 'high', string.format('%.0f', high),
            'admitted', ARGV[1], 'durable', ARGV[7])
        redis.call('HDEL', KEYS[1], 'prepared', 'blank_run', 'blank_since')
        return 1
        """)
}
