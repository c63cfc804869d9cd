import HoldfastRuntime

extension LockCluster {
    /// Runs `body` while holding a lock, renewing the lease every third of its TTL.
    ///
    /// When the lease cannot be renewed, its loss is declared before its validity ends and `body`'s task is cancelled.
    /// The lock is renewed until `body` ends, also while it cleans up after the caller was cancelled, and freed then,
    /// however it ends.
    ///
    /// - Parameters:
    ///   - wait: For how long to try while others hold the lock.
    ///   - holdAtMost: The lease is declared lost when it has been held that long, whether or not `body` is done.
    ///   - reentrant: Whether `body` may run under the lease that this task, or one of its parents, holds already.
    ///     Without it a task that waits for its own lock waits until its lease is lost, or for ever.
    /// - Returns: What `body` returns.
    /// - Throws: ``LockError`` when the lock was not acquired, or ``LockError/lost(name:token:reason:)`` when the lease
    ///   ended while `body` ran, whatever `body` made of it; otherwise what `body` throws.
    public func withLock<Result: Sendable>(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none, holdAtMost: Duration? = nil,
        reentrant: Bool = false, _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        try await hold(LockRequest(name, ttl: ttl), wait, holdAtMost, reentrant, body)
    }

    /// As ``withLock(_:ttl:wait:holdAtMost:reentrant:_:)``, for several names at once; see ``acquire(all:ttl:wait:)``.
    public func withLocks<Result: Sendable>(
        _ names: [LockName], ttl: Duration = .seconds(10), wait: LockWait = .none, holdAtMost: Duration? = nil,
        reentrant: Bool = false, _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        try await hold(LockRequest(all: names, ttl: ttl), wait, holdAtMost, reentrant, body)
    }

    /// As ``withLock(_:ttl:wait:holdAtMost:reentrant:_:)``, together with other readers; see
    /// ``acquireShared(_:ttl:wait:)``. A reader cannot become a writer while it reads.
    public func withSharedLock<Result: Sendable>(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none, holdAtMost: Duration? = nil,
        reentrant: Bool = false, _ body: @escaping @Sendable (SharedLease) async throws -> Result
    ) async throws -> Result {
        try await hold(LockRequest(name, mode: .shared, ttl: ttl), wait, holdAtMost, reentrant) { lease in
            try await body(SharedLease(lease: lease))
        }
    }

    private func hold<Result: Sendable>(
        _ request: LockRequest, _ wait: LockWait, _ holdAtMost: Duration?, _ reentrant: Bool,
        _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        if reentrant, let outer = try HeldLeases.lease(covering: request, of: self) {
            return try await outcome(under: outer, await Self.capture { try await body(outer) })
        }
        return try await hold(try await take(request, wait: wait), atMost: holdAtMost, body)
    }

    /// Runs `body` under a fresh lease, and frees it.
    func hold<Result: Sendable>(
        _ lease: Lease, atMost limit: Duration?, _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        let result = await HeldLeases.with(lease, of: self) {
            await spans.hold(lease) { await run(body, under: lease, atMost: limit) }
        }
        // The body may end between the moment when the lease expired and the one when that would have been noticed.
        if let reason = lease.lossReason {
            declareLost(lease, reason)
            await release(lease)
            throw lease.lost(reason)
        }
        await release(lease)
        return try result.get()
    }

    /// What a body's result is worth: nothing once its lease is lost.
    private func outcome<Value>(under lease: Lease, _ result: Result<Value, any Error>) async throws -> Value {
        try lease.checkValid()
        return try result.get()
    }

    private static func capture<Value: Sendable>(
        _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    private enum Part<Value: Sendable>: Sendable {
        case body(Result<Value, any Error>)
        case renewalEnded
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (Lease) async throws -> Value, under lease: Lease, atMost limit: Duration?
    ) async -> Result<Value, any Error> {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        // Not a child task: a cancelled caller's body still needs the lease while it cleans up.
        let renewal = runtime.own {
            await self.keep(lease, until: limit.map { lease.began.advanced(by: $0) })
            end.finish()
        }
        let outcome = await withTaskGroup(of: Part<Value>.self) { group in
            group.addTask { .body(await Self.capture { try await body(lease) }) }
            group.addTask {
                for await _ in ends {}
                return .renewalEnded
            }
            var outcome: Result<Value, any Error>?
            for await part in group {
                if case .body(let result) = part { outcome = result }
                // Either the body is done, or the lease is lost: the other part has to end.
                group.cancelAll()
            }
            guard let outcome else { preconditionFailure("the body's task ended without a result") }
            return outcome
        }
        await renewal.end()
        return outcome
    }

    private func declareLost(_ lease: Lease, _ reason: String) {
        guard lease.lose(reason) else { return }
        meters.lost()
        notify(.lost(lease, reason: reason))
    }

    /// Renews until it is ended (the body is done) or the lease is lost, at the latest at `limit`.
    private func keep(_ lease: Lease, until limit: Instant?) async {
        // Loss is declared before the validity ends, so that the body hears of it in time.
        let margin = min(lease.ttl / 20, .milliseconds(100))
        var next = lease.validUntil.advanced(by: .zero - lease.ttl * 2 / 3)
        // While only a majority holds it, the loss of one node would leave the next renewal without one.
        if lease.holders != nil { next = min(next, runtime.now.advanced(by: Self.spreadsAfter)) }
        while !Task.isCancelled {
            let expiry = lease.validUntil.advanced(by: .zero - margin)
            let lastMoment = limit.map { min($0, expiry) } ?? expiry
            do { try await runtime.sleep(until: min(next, lastMoment)) } catch { return }
            let start = runtime.now
            if let limit, start >= limit { return declareLost(lease, "it was held for as long as was allowed") }
            guard start < lastMoment else { return declareLost(lease, "it could not be renewed in time") }
            switch await extend(lease, timeout: min(configuration.nodeTimeout, start.duration(to: lastMoment))) {
            case .renewed:
                lease.renewed(Validity(start: start, ttl: lease.ttl))
                meters.renewed()
                notify(.renewed(lease))
                next = start.advanced(by: lease.ttl / 3)
            case .failed(definite: true): return declareLost(lease, "a majority of nodes no longer holds it")
            case .failed(definite: false): next = runtime.now.advanced(by: configuration.firstRetry)
            }
        }
    }

    private func extend(_ lease: Lease, timeout: Duration) async -> RenewalMachine.Verdict {
        lease.spreads()
        let hedgeDelay = configuration.asks == .all ? nil : nodes[0].rounds.hedgeDelay
        return await Round(RenewalMachine(quorum), nodes: nodes).run(
            lease.calls.extend(lease.token), hedgeAfter: hedgeDelay?.current(within: timeout), timeout: timeout)
    }

    /// How long a lease lives before nodes that were not asked for it are told of it. Most are given back sooner.
    private static let spreadsAfter = Duration.milliseconds(50)
}
