package import HoldfastRedis

/// The names of a lock node's keys.
package struct LockKeys: Sendable {
    let prefix: String
    /// Before the name in every owner's key.
    let ownerPrefix: String
    /// Before the name in every counter's key.
    let counterPrefix: String
    private let channelPrefix: String
    // Every attempt needs these: they are made once.
    private let ownerHead: [UInt8]
    private let counterHead: [UInt8]
    private let channelHead: [UInt8]

    package init(prefix: String) {
        self.prefix = prefix
        ownerPrefix = "\(prefix)lock:"
        ownerHead = Array(ownerPrefix.utf8)
        counterPrefix = "\(prefix)fence:"
        counterHead = Array(counterPrefix.utf8)
        channelPrefix = "\(prefix)released:"
        channelHead = Array(channelPrefix.utf8)
        node = "\(prefix)node"
    }

    /// Owner value of one lock, with a TTL.
    package func owner(_ name: LockName) -> RedisArgument { RedisArgument(ownerHead + name.text.utf8) }

    /// Fencing counter of one lock, without a TTL.
    package func counter(_ name: LockName) -> RedisArgument { RedisArgument(counterHead + name.text.utf8) }

    /// The lock of a key that begins with `prefix`; nil for what cannot be a name, which was not written by a lock.
    static func name(in key: RedisReply, after prefix: String) -> LockName? {
        guard let bytes = key.bytes, bytes.count > prefix.utf8.count,
            let text = String(validating: bytes.dropFirst(prefix.utf8.count), as: UTF8.self)
        else { return nil }
        return try? LockName(text)
    }

    /// What SCAN matches all keys with this prefix by.
    static func pattern(_ prefix: String) -> String {
        prefix.reduce(into: "") { $0 += "*?[]\\".contains($1) ? "\\\($1)" : "\($1)" } + "*"
    }

    /// The node's own record, a hash: `cluster`, `nodes`, `index`, `maximum_ttl` (the descriptor), `vote` (see
    /// ``LockScripts/checkVote``), `prepared` (the incarnation in which init wrote it), `durable` (whether the node
    /// synced every write when it was admitted). On a blank node `blank_run` and `blank_since`: the incarnation in
    /// which it was noticed to be blank, and at which uptime in s.
    package let node: RedisArgument

    /// Where a release is announced.
    func channel(_ name: LockName) -> String { channelPrefix + name.text }

    /// The same as an argument.
    package func announcement(_ name: LockName) -> RedisArgument { RedisArgument(channelHead + name.text.utf8) }
}
