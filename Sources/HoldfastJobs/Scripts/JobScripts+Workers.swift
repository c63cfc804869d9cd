import HoldfastRedis

extension JobScripts {
    /// Registers a worker, so that RQ's tools list it.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; an id of this process' worker object; how many seconds without a heartbeat it stays;
    ///   how many queues; the queues; then fields of the worker's hash (field, value, …).
    /// - Returns: 1, or 0 if a live worker has this name already (nothing is written).
    ///
    /// The test of the name and its use are one script. The same worker object may register again, which it does
    /// when its record is gone (after it was frozen, or after the server lost its data).
    static let register = RedisScript(
        name: "register",
        Lua.prelude + """
            local worker, instance, stays, queues = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
            local key = P .. ':worker:' .. worker
            if call('EXISTS', key) == 1 and call('HEXISTS', key, 'death') == 0
              and field(key, 'hf_instance') ~= instance then return 0 end
            call('DEL', key)
            call('HSET', key, 'birth', ISO, 'last_heartbeat', ISO, 'hf_instance', instance,
              unpack(ARGV, 6 + queues))
            call('EXPIRE', key, stays)
            call('SADD', P .. ':workers', key)
            for index = 1, queues do call('SADD', P .. ':workers:' .. ARGV[5 + index], key) end
            return 1
            """)

    /// Says that a worker lives.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; its object's id; how many seconds it stays without another heartbeat; its state.
    /// - Returns: 1, or 0 if its record is gone or not its own: it must register again.
    ///
    /// One script, so that a heartbeat never makes a ghost record that holds nothing else.
    static let heartbeat = RedisScript(
        name: "heartbeat",
        Lua.prelude + """
            local key = P .. ':worker:' .. ARGV[2]
            if field(key, 'hf_instance') ~= ARGV[3] then return 0 end
            call('HSET', key, 'last_heartbeat', ISO, 'state', ARGV[5])
            call('EXPIRE', key, tonumber(ARGV[4]))
            return 1
            """)

    /// Takes a worker off the lists; its hash stays for a minute, marked dead, as in RQ.
    ///
    /// - KEYS: none; see ``Lua``.
    /// - ARGV: prefix; worker; its object's id; the queues.
    /// - Returns: 1, or 0 if the record is not its own.
    ///
    /// One script, so that a later worker of the same name is not taken off.
    static let deregister = RedisScript(
        name: "deregister",
        Lua.prelude + """
            local key = P .. ':worker:' .. ARGV[2]
            if field(key, 'hf_instance') ~= ARGV[3] then return 0 end
            call('SREM', P .. ':workers', key)
            for at = 4, #ARGV do call('SREM', P .. ':workers:' .. ARGV[at], key) end
            call('HSET', key, 'death', ISO, 'state', 'idle')
            call('EXPIRE', key, 60)
            call('DEL', key .. ':executions', P .. ':claims:' .. ARGV[2])
            return 1
            """)
}
