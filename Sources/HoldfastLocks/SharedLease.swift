public import HoldfastRuntime

/// One reader's tenure of a shared lock. Has no fencing token: who only reads must not write.
public struct SharedLease: Sendable {
    let lease: Lease

    public var name: LockName { lease.name }
    /// Show it when reading a fenced resource.
    public var token: ReadToken { ReadToken(rawValue: lease.token.rawValue) }
    /// As in ``Lease/owner``.
    public var owner: String { lease.owner }
    public var ttl: Duration { lease.ttl }
    /// Until then no writer's lease can begin, if clocks drift less than a percent apart.
    public var validUntil: Instant { lease.validUntil }
    /// As in ``Lease/isValid``.
    public var isValid: Bool { lease.isValid }
    public var renewals: Int { lease.renewals }

    /// - Throws: ``LockError/lost(name:token:reason:)`` when the lease has ended.
    public func checkValid() throws(LockError) { try lease.checkValid() }
}
