import HoldfastRedis

/// The names of a lock node's keys.
struct LockKeys: Sendable {
    let prefix: String
    /// Before the name in every owner's key.
    let ownerPrefix: String
    // Every attempt needs these: they are made once.
    private let ownerHead: [UInt8]
    private let counterHead: [UInt8]

    init(prefix: String) {
        self.prefix = prefix
        ownerPrefix = "\(prefix)lock:"
        ownerHead = Array(ownerPrefix.utf8)
        counterHead = Array("\(prefix)fence:".utf8)
        node = "\(prefix)node"
    }

    /// Owner value of one lock, with a TTL.
    func owner(_ name: LockName) -> RedisArgument { RedisArgument(ownerHead + name.text.utf8) }

    /// Fencing counter of one lock, without a TTL.
    func counter(_ name: LockName) -> RedisArgument { RedisArgument(counterHead + name.text.utf8) }

    /// The node's own record, a hash: `cluster`, `nodes`, `index`, `maximum_ttl` (the descriptor), `admitted` (the
    /// incarnation that may vote), `prepared` (the one that init wrote), `durable` (whether it then synced every
    /// write), `floor` and `high`. On a blank node `blank_run` and `blank_since`: the incarnation in which it was
    /// noticed to be blank, and at which uptime in s.
    let node: RedisArgument

    /// Where a release is announced.
    func channel(_ name: LockName) -> String { "\(prefix)released:\(name.text)" }
}
