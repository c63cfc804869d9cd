import HoldfastRedis
import HoldfastRuntime

/// The script calls of one owner's tenure.
struct LockCalls: Sendable {
    /// How long a waiting writer keeps further readers out: it asks again sooner, unless it has died.
    static let writersMark = LockWaiter.longestPause * 3

    private let request: LockRequest
    private let owner: RedisArgument
    private let ownerKeys: [RedisArgument]
    private let allKeys: [RedisArgument]
    private let channels: [RedisArgument]

    init(_ request: LockRequest, owner: String, keys: LockKeys) {
        self.request = request
        self.owner = RedisArgument(owner)
        ownerKeys = request.names.map(keys.owner)
        allKeys = ownerKeys + request.names.map(keys.counter) + [keys.node]
        channels = request.channels.map(keys.announcement)
    }

    private var isShared: Bool { request.mode == .shared }

    /// - Parameter willWait: Whether the caller comes back when it is refused, so that readers must leave it a chance.
    func grant(willWait: Bool) -> RoundRequest {
        let ttl = RedisArgument(request.ttl.milliseconds)
        if isShared { return call(LockScripts.grantShared, allKeys, [owner, ttl], withRunID: true) }
        let mark = RedisArgument(willWait ? Self.writersMark.milliseconds : 0)
        return call(LockScripts.grant, allKeys, [owner, ttl, mark], withRunID: true)
    }

    func confirm(_ token: FencingToken) -> RoundRequest {
        call(
            isShared ? LockScripts.confirmShared : LockScripts.confirm, allKeys,
            [owner, RedisArgument(token.rawValue)], phase: 1, withRunID: true)
    }

    func extend(_ token: FencingToken) -> RoundRequest {
        call(
            isShared ? LockScripts.extendShared : LockScripts.extend, allKeys,
            [owner, RedisArgument(token.rawValue), RedisArgument(request.ttl.milliseconds)], withRunID: true)
    }

    var release: RoundRequest {
        call(
            isShared ? LockScripts.releaseShared : LockScripts.release, ownerKeys, [owner] + channels,
            withRunID: false)
    }

    /// A writer that had to wait for readers waits no longer.
    var withdraw: RoundRequest { call(LockScripts.withdraw, ownerKeys, channels, withRunID: false) }

    private func call(
        _ script: RedisScript, _ keys: [RedisArgument], _ arguments: [RedisArgument], phase: Int = 0, withRunID: Bool
    ) -> RoundRequest {
        RoundRequest(phase: phase, script: script, keys: keys, arguments: arguments, withRunID: withRunID)
    }
}
