import HoldfastRedis

extension LockScripts {
    /// Looks which of many locks are free. A hint: only an attempt decides.
    ///
    /// KEYS: L of each.
    /// ARGV: none.
    /// Returns: {ms left of the one that ends first or -1, place in KEYS of each that is free …}.
    /// Atomic: nothing depends on it.
    static let vacant = RedisScript(
        name: "vacant",
        """
        local found = {-1}
        for place, key in ipairs(KEYS) do
            local left = redis.call('PTTL', key)
            if left == -2 then found[#found + 1] = place
            elseif left >= 0 and (found[1] < 0 or left < found[1]) then found[1] = left end
        end
        return found
        """)
}
