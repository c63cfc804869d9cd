import HoldfastRedis
import HoldfastRuntime

extension LockCluster {
    /// Acquires a lock. Whoever calls this renews and releases by himself; see
    /// ``withLock(_:ttl:wait:holdAtMost:reentrant:_:)`` for the scoped form.
    ///
    /// Cancellation ends the attempt at once; what nodes granted meanwhile is given back.
    /// - Parameters:
    ///   - ttl: 10 ms at least, the cluster's maximum TTL at most.
    ///   - wait: For how long to try again while others hold it or nodes are missing.
    public func acquire(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none
    ) async throws(LockError) -> Lease {
        try await take(LockRequest(name, ttl: ttl), wait: wait)
    }

    /// Acquires several locks at once: all of them or none, so that competitors cannot each hold a part and wait for
    /// the other's. The lease has one token, larger than every earlier token of each name.
    ///
    /// - Parameter names: 1 to 256, in any order.
    public func acquire(
        all names: [LockName], ttl: Duration = .seconds(10), wait: LockWait = .none
    ) async throws(LockError) -> Lease {
        try await take(LockRequest(all: names, ttl: ttl), wait: wait)
    }

    /// Acquires a lock together with other readers, while no writer (who acquires it the ordinary way) holds it or
    /// waits for it. Whoever calls this renews and releases by himself; see
    /// ``withSharedLock(_:ttl:wait:holdAtMost:reentrant:_:)``.
    public func acquireShared(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none
    ) async throws(LockError) -> SharedLease {
        SharedLease(lease: try await take(LockRequest(name, mode: .shared, ttl: ttl), wait: wait))
    }

    /// Frees the lease's locks at every node that may have them, and waits until a majority is free, at most the node
    /// timeout.
    /// The lease is no longer valid from here on. Does its work also in a cancelled task. Repeating it does no harm.
    public func release(_ lease: Lease) async {
        // First: another may hold it before the last node has answered.
        meters.released(wasHeld: lease.release())
        await giveBack(lease.calls, by: lease.holders)
        notify(.released(lease))
    }

    /// As ``release(_:)-(Lease)``.
    public func release(_ lease: SharedLease) async { await release(lease.lease) }

    func take(_ request: LockRequest, wait: LockWait) async throws(LockError) -> Lease {
        let home = Rendezvous.home(of: request.names[0], nodes: nodes.count)
        return try await compete(request, wait: wait, home: home) { home in
            await self.attempt(request, home: home, willWait: wait != .none)
        }
    }

    /// Attempts once, and again while `wait` lasts.
    /// - Parameter attempt: Makes one attempt; told which node to ask first, nil for all at once.
    func compete(
        _ request: LockRequest, wait: LockWait, home: Int,
        _ attempt: @escaping @Sendable (_ home: Int?) async -> Result<Lease, LockError>
    ) async throws(LockError) -> Lease {
        try check(request.ttl)
        let began = runtime.now
        let outcome = await spans.acquire(request) {
            if wait == .none { return await attempt(nil) }
            let left = wait.remaining(since: began, now: runtime.now)
            let passed = await turnstile.pass(request.text, atMost: left, nodes[0].client.strand) {
                let first = await attempt(nil)
                guard case .failure(let refusal) = first else { return first }
                return await LockWaiter(self, request, wait, began, home: home, attempt).run(after: refusal)
            }
            let inLine: LockError =
                Task.isCancelled
                ? .cancelled(name: request.text) : .held(name: request.text, retryAfter: nil, nodes: [])
            return passed ?? .failure(inLine)
        }
        let now = runtime.now
        let waited = began.duration(to: now)
        switch outcome {
        case .success(let lease):
            meters.acquired(lease, after: waited, at: now)
            notify(.acquired(lease, waited: waited))
        case .failure(let error):
            meters.refused(request.mode, error, after: waited)
            notify(.refused(names: request.names, error))
        }
        return try outcome.get()
    }

    private func check(_ ttl: Duration) throws(LockError) {
        guard ttl >= .milliseconds(10), ttl <= descriptor?.maximumTTL ?? ttl else {
            let maximum = descriptor.map { " \($0.maximumTTL)" } ?? ""
            throw .invalid("a TTL of \(ttl) is not between 10 ms and the cluster's maximum\(maximum)")
        }
    }
}
