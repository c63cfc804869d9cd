public import HoldfastLocks
public import HoldfastResources
import Synchronization

/// What a handler behind ``FencingMiddleware`` may know of the request it answers: pass the token and the key on to
/// whatever the handler writes to.
public struct FencedRequest: Sendable {
    /// The request that the present task answers.
    @TaskLocal public static var current: FencedRequest?

    public let resource: String
    public let token: FencingToken
    /// Nil for requests that change nothing, such as GET.
    public let key: IdempotencyKey?
    /// Counts from one. More than one: an earlier attempt may have had its effect, and gave no answer.
    public let attempt: Int
    let lease: LeaseState

    /// Whether the handler still has the resource for itself. Once it is lost, another request may be at work there.
    public var isAlone: Bool { !lease.isLost }
}

final class LeaseState: Sendable {
    private let lost = Atomic(false)

    var isLost: Bool { lost.load(ordering: .acquiring) }

    func lose() { lost.store(true, ordering: .releasing) }
}
