public import HoldfastRuntime
import Synchronization

/// One holder's tenure of a lock: the token to show to resources, and how long to believe in it.
public final class Lease: Sendable {
    /// What is locked: one name, or several in order that were taken at once.
    public var names: [LockName] { request.names }
    /// The only name, or the first of several.
    public var name: LockName { request.names[0] }
    public var mode: LockMode { request.mode }
    /// Show it with every write to a fenced resource. With several names it is larger than every earlier token of each.
    public let token: FencingToken
    /// 128 random bits in hexadecimal, drawn for this attempt only, and the client's label behind a space.
    public let owner: String
    /// The span that each renewal asks for.
    public var ttl: Duration { request.ttl }
    /// When the attempt that acquired it began: every token that was issued before then is smaller.
    public let began: Instant
    /// How many rounds of messages the acquisition took: one when the nodes' counters moved in step.
    public let rounds: Int

    private struct State {
        var validity: Validity
        var lossReason: String?
        var isReleased = false
        var ended: Instant?
        var renewals = 0
        /// The nodes that may hold it; nil for all.
        var holders: [Int]?
    }

    let request: LockRequest
    let calls: LockCalls
    private let state: Mutex<State>
    private let runtime: any Runtime

    init(
        _ request: LockRequest, _ calls: LockCalls, token: FencingToken, owner: String, began: Instant, rounds: Int,
        holders: [Int]?, validity: Validity, runtime: any Runtime
    ) {
        self.request = request
        self.calls = calls
        self.token = token
        self.owner = owner
        self.began = began
        self.rounds = rounds
        self.runtime = runtime
        state = Mutex(State(validity: validity, holders: holders))
    }

    /// Until then no other holder's lease can begin, if clocks drift less than a percent apart.
    public var validUntil: Instant { state.withLock { $0.validity.until } }

    /// Whether the holder may still believe in the lease. A process that was paused may read `true` and be wrong a
    /// moment later: only the token protects a resource.
    public var isValid: Bool {
        state.withLock { $0.lossReason == nil && $0.validity.remaining(at: runtime.now) > .zero }
    }

    /// When its holder began to give it back, or its loss was declared; nil before.
    public var ended: Instant? { state.withLock { $0.ended } }

    /// How often the lease was renewed.
    public var renewals: Int { state.withLock { $0.renewals } }

    /// The nodes that may hold it, and have to be told of its end; nil for all.
    var holders: [Int]? { state.withLock { $0.holders } }

    /// From now on any node may hold it: it is about to be told to all.
    func spreads() { state.withLock { $0.holders = nil } }

    /// - Throws: ``LockError/lost(name:token:reason:)`` when the lease has ended.
    public func checkValid() throws(LockError) {
        if let reason = lossReason { throw lost(reason) }
    }

    /// Why the lease ended before its holder was done; nil while it is valid.
    var lossReason: String? {
        state.withLock { state in
            if let reason = state.lossReason { return reason }
            return state.validity.remaining(at: runtime.now) > .zero ? nil : "it expired before it was renewed"
        }
    }

    func renewed(_ validity: Validity) {
        state.withLock { state in
            if validity.until > state.validity.until { state.validity = validity }
            state.renewals += 1
        }
    }

    /// - Returns: Whether this call ended it.
    @discardableResult
    func lose(_ reason: String) -> Bool {
        state.withLock { state in
            if state.lossReason != nil { return false }
            state.lossReason = reason
            state.ended = runtime.now
            return true
        }
    }

    /// - Returns: Whether it was held until now.
    func release() -> Bool {
        state.withLock { $0.isReleased = true }
        return lose("it was released")
    }

    var isReleased: Bool { state.withLock { $0.isReleased } }

    func lost(_ reason: String) -> LockError { .lost(name: request.text, token: token, reason: reason) }
}
