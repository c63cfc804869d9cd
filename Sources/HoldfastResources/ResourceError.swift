public import HoldfastLocks

/// Why a fenced resource did not do what was asked.
public enum ResourceError: Error, Sendable, Hashable {
    /// A later holder has been here: the caller's lease ended without its noticing. Nothing was written.
    case stale(resource: String, token: FencingToken, fence: FencingToken)
    /// The idempotency key was used before for another request. Nothing was written.
    case keyReused(key: String)
    /// An argument is not usable; the sentence says what to change.
    case invalid(String)
    /// The resource's own rules refuse: no such account, not enough credit. Nothing was written.
    case refused(String)
    /// The store did not answer, or not as expected; the error tells what is known of the outcome. Repeating the
    /// request with the same idempotency key is safe.
    case unavailable(StoreError)
}

extension ResourceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stale(let resource, let token, let fence):
            "\(resource): the token \(token) is stale, a holder with token \(fence) has been here since"
        case .keyReused(let key): "the idempotency key \(key) was used for another request"
        case .invalid(let sentence), .refused(let sentence): sentence
        case .unavailable(let error): "the store is unavailable: \(error)"
        }
    }
}
