import Synchronization

/// A Lua script, run atomically by the server. Declare each as a documented constant: what KEYS and ARGV are, what
/// it returns, and what makes it atomic.
///
/// The digest for EVALSHA is the one that a server returns for SCRIPT LOAD, so none has to be computed here; until
/// the first server said it, and wherever a server forgot the script, the source itself is sent.
public final class RedisScript: Sendable {
    public let name: String
    public let source: String
    private let knownDigest = Mutex<String?>(nil)

    public init(name: String, _ source: String) {
        self.name = name
        self.source = source
    }

    /// The SHA-1 of the source in hexadecimal, once any server has told it.
    public var digest: String? { knownDigest.withLock { $0 } }

    func learn(_ digest: String) { knownDigest.withLock { $0 = digest } }

    /// The call's command name and arguments, by digest when it is known and `bySource` does not forbid it.
    public func call(
        keys: [RedisArgument], arguments: [RedisArgument], bySource: Bool = false
    ) -> (name: String, arguments: [RedisArgument]) {
        let digest = bySource ? nil : self.digest
        let head: [RedisArgument] = [RedisArgument(digest ?? source), RedisArgument(keys.count)]
        return (digest == nil ? "EVAL" : "EVALSHA", head + keys + arguments)
    }
}
