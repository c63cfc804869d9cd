/// The leases that a task and its parents hold, innermost last, for those who ask to re-enter them.
struct HeldLeases: Sendable {
    private struct Entry: Sendable {
        let lease: Lease
        /// One process may use several clusters.
        let cluster: ObjectIdentifier
    }

    @TaskLocal private static var current: [Entry] = []

    static func with<Value>(
        _ lease: Lease, of cluster: LockCluster, _ body: () async -> Value
    ) async -> Value {
        await $current.withValue(current + [Entry(lease: lease, cluster: ObjectIdentifier(cluster))]) {
            await body()
        }
    }

    /// The lease under which a request would have nothing to wait for; nil when nothing of it is held.
    /// - Throws: ``LockError/invalid(_:)`` when a part of it is held, or held as a reader while a writer asks: it would
    ///   wait for itself. ``LockError/lost(name:token:reason:)`` when what is held has been lost.
    static func lease(covering request: LockRequest, of cluster: LockCluster) throws(LockError) -> Lease? {
        let id = ObjectIdentifier(cluster)
        let wanted = Set(request.names)
        // A task that outlives the scope in which it was started still sees that scope's lease.
        for entry in current.reversed()
        where entry.cluster == id && !entry.lease.isReleased && !wanted.isDisjoint(with: entry.lease.names) {
            guard wanted.isSubset(of: entry.lease.names) else {
                throw .invalid("\(request.text): this task holds a part of it already; take all names at once")
            }
            if entry.lease.mode == .shared, request.mode == .exclusive {
                throw .invalid("\(request.text): this task holds it as a reader, and would wait for itself as a writer")
            }
            try entry.lease.checkValid()
            return entry.lease
        }
        return nil
    }
}
