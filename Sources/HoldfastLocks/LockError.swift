import HoldfastRuntime
public import HoldfastRedis

/// Why a lock was not acquired or not kept.
public enum LockError: Error, Sendable, Hashable {
    /// A name, a span or a configuration is not usable; the sentence says what to change.
    case invalid(String)
    /// Others hold it. `retryAfter` is the longest time left that a node told, if any did.
    case held(name: String, retryAfter: Duration?, nodes: [NodeOutcome])
    /// No majority of nodes can vote now: unreachable, not admitted or failing.
    case unavailable(name: String, nodes: [NodeOutcome])
    /// The lease ended while its body ran. Writes that carried its token to a fenced resource were accepted in
    /// order or refused; nothing else is known of what the body did.
    case lost(name: String, token: FencingToken, reason: String)
    /// The caller was cancelled before the lock was acquired; nothing is held.
    case cancelled(name: String)
}

/// What one node said, or why it said nothing.
public enum NodeOutcome: Sendable, Hashable {
    case granted(FencingToken)
    case confirmed(FencingToken)
    /// Somebody else's; the time until it expires there, if it does.
    case held(remaining: Duration?)
    /// Readers hold it; the time until the last of them, or of a writer's claim, expires there.
    case heldByReaders(remaining: Duration?)
    /// A writer waits for it, and a reader may not overtake; the time until its claim expires there.
    case writerWaits(remaining: Duration?)
    /// The node's incarnation may not vote, because it may have forgotten what it promised.
    case notAdmitted
    /// The holder's value is gone or replaced.
    case lostHold
    /// Asked, but did not answer in time: it may have granted.
    case noAnswer
    /// Asked, but the others had decided before its answer came: it may have granted.
    case pending
    /// Not asked, because what others had said decided: the node that is asked first for this name was held, or a
    /// majority that is asked before the rest.
    case notAsked
    case unreachable(RedisError)
    /// The node answered with an error.
    case failed(RedisError)
}

extension NodeOutcome: CustomStringConvertible {
    public var description: String {
        switch self {
        case .granted(let token): "granted \(token)"
        case .confirmed(let token): "confirmed \(token)"
        case .held(let remaining):
            remaining.map { "held by another for \($0.milliseconds) ms more" } ?? "held by another"
        case .heldByReaders(let remaining):
            "held by readers" + (remaining.map { " for \($0.milliseconds) ms more" } ?? "")
        case .writerWaits(let remaining):
            "a writer waits" + (remaining.map { ", for \($0.milliseconds) ms more" } ?? "")
        case .notAdmitted: "not admitted to vote"
        case .lostHold: "no longer holds it for us"
        case .noAnswer: "no answer in time"
        case .pending: "not waited for"
        case .notAsked: "not asked"
        case .unreachable(let error): "unreachable (\(error.message))"
        case .failed(let error): "failed (\(error.message))"
        }
    }
}

extension LockError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalid(let sentence): sentence
        case .held(let name, let retryAfter, _):
            "\(name) is held by another" + (retryAfter.map { ", for \($0.milliseconds) ms at most" } ?? "")
        case .unavailable(let name, let nodes):
            "no majority of lock nodes can vote for \(name): "
                + nodes.enumerated().map { "node \($0.offset): \($0.element)" }.joined(separator: "; ")
        case .lost(let name, let token, let reason): "the lease of \(name) with token \(token) was lost: \(reason)"
        case .cancelled(let name): "cancelled while waiting for \(name)"
        }
    }
}
