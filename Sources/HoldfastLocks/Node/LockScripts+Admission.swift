import HoldfastRedis

/// How a node comes to vote.
extension LockScripts {
    static let admission = [prepare, notice, admit]

    /// First phase of initialising a blank cluster: writes the descriptor, without the right to vote.
    ///
    /// KEYS: node.
    /// ARGV: run id, cluster id, number of nodes, index, maximum TTL in ms.
    /// Returns: 1 written, or written before by this cluster's init in this incarnation; 0 the node has a record.
    /// Atomic: two initialisers cannot both find the node blank.
    static let prepare = RedisScript(
        name: "prepare",
        """
        local node = redis.call('HMGET', KEYS[1], 'cluster', 'vote', 'prepared', 'index')
        if node[1] then
            if node[1] == ARGV[2] and not node[2] and node[3] == ARGV[1] and node[4] == ARGV[4] then return 1 end
            return 0
        end
        redis.call('HSET', KEYS[1], 'cluster', ARGV[2], 'nodes', ARGV[3], 'index', ARGV[4],
            'maximum_ttl', ARGV[5], 'prepared', ARGV[1])
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
    /// judgement was about one incarnation with one memory, and reaches no other. The vote is written first, for the
    /// steps of a lock find it faster there; what only a blank or a prepared node's record has is left out.
    static let admit = RedisScript(
        name: "admit",
        """
        local node = redis.call('HMGET', KEYS[1], 'cluster', 'nodes', 'index', 'vote', 'blank_since')
        if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[1] then return 0 end
        if not node[1] and node[5] ~= ARGV[8] then return 0 end
        if node[1] and (node[1] ~= ARGV[2] or node[2] ~= ARGV[3] or node[3] ~= ARGV[4]) then return 0 end
        local vote = node[4] or string.format('%016.0f %016.0f %012.0f ', 0, 0, 0)
        local floor, high, maximum
        \(readVote)
        floor = math.max(floor, tonumber(ARGV[6]))
        high = math.max(high, floor)
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1],
            'vote', string.format('%016.0f %016.0f %012.0f ', floor, high, tonumber(ARGV[5])) .. ARGV[1],
            'cluster', ARGV[2], 'nodes', ARGV[3], 'index', ARGV[4], 'maximum_ttl', ARGV[5], 'durable', ARGV[7])
        return 1
        """)
}
