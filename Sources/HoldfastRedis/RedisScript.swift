import Synchronization

/// A Lua script, run atomically by the server. Declare each as a documented constant: what KEYS and ARGV are, what
/// it returns, and what makes it atomic.
///
/// The digest for EVALSHA is the one that a server returns for SCRIPT LOAD, so none has to be computed here; until
/// the first server said it, and wherever a server forgot the script, the source itself is sent.
public final class RedisScript: Sendable {
    public let name: String
    public let source: String
    private let knownDigest = Mutex<(text: String, bytes: [UInt8])?>(nil)

    public init(name: String, _ source: String) {
        self.name = name
        self.source = source
    }

    /// The SHA-1 of the source in hexadecimal, once any server has told it.
    public var digest: String? { knownDigest.withLock { $0?.text } }

    func learn(_ digest: String) { knownDigest.withLock { $0 = (digest, Array(digest.utf8)) } }

    /// Encodes a call, by digest when it is known and `bySource` does not forbid it.
    /// - Parameter count: How many arguments the sender appends, see ``RedisCommand/encodePrefix(_:_:missing:)``.
    public func encodeCall(
        keys: [RedisArgument], arguments: [RedisArgument], missing count: Int = 0, bySource: Bool = false
    ) -> [UInt8] {
        let (name, script) = call(bySource: bySource)
        return RESPEncoder.encodeCall(name, script, keys: keys, arguments: arguments, missing: count)
    }

    func encodeCall(keys: [RedisArgument], arguments: RedisArguments, bySource: Bool) -> [UInt8] {
        let (name, script) = call(bySource: bySource)
        return RESPEncoder.encodeCall(name, script, keys: keys, arguments: arguments)
    }

    private func call(bySource: Bool) -> (name: String, script: [UInt8]) {
        let digest = bySource ? nil : knownDigest.withLock { $0?.bytes }
        return (digest == nil ? "EVAL" : "EVALSHA", digest ?? Array(source.utf8))
    }

    /// A call as a command, for ``RedisClient/pipeline(_:)``: by digest when it is known, else with the source.
    public func command(keys: [RedisArgument], arguments: [RedisArgument]) -> RedisCommand {
        RedisCommand(encoded: encodeCall(keys: keys, arguments: arguments))
    }
}
