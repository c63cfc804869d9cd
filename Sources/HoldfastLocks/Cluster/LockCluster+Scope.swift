import HoldfastRedis
import HoldfastRuntime

extension LockCluster {
    /// Runs `body` while holding a lock, renewing the lease every third of its TTL.
    ///
    /// When the lease cannot be renewed, its loss is declared before its validity ends and `body`'s task is cancelled.
    /// The lock is renewed until `body` ends, also while it cleans up after the caller was cancelled, and freed then,
    /// however it ends.
    ///
    /// - Parameter wait: For how long to try while others hold the lock.
    /// - Returns: What `body` returns.
    /// - Throws: ``LockError`` when the lock was not acquired, or ``LockError/lost(name:token:reason:)`` when the lease
    ///   ended while `body` ran, whatever `body` made of it; otherwise what `body` throws.
    public func withLock<Result: Sendable>(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none,
        _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        let lease = try await acquire(name, ttl: ttl, wait: wait)
        let outcome = await hold(lease, body)
        if let reason = lease.lossReason {
            notify(.lost(lease, reason: reason))
            await release(lease)
            throw LockError.lost(name: name.text, token: lease.token, reason: reason)
        }
        await release(lease)
        return try outcome.get()
    }

    private enum Part<Value: Sendable>: Sendable {
        case body(Swift.Result<Value, any Error>)
        case renewalEnded
    }

    private func hold<Value: Sendable>(
        _ lease: Lease, _ body: @escaping @Sendable (Lease) async throws -> Value
    ) async -> Swift.Result<Value, any Error> {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        // Not a child task: a cancelled caller's body still needs the lease while it cleans up.
        let renewal = runtime.own {
            await self.keep(lease)
            end.finish()
        }
        let outcome = await withTaskGroup(of: Part<Value>.self) { group in
            group.addTask {
                do { return .body(.success(try await body(lease))) } catch { return .body(.failure(error)) }
            }
            group.addTask {
                for await _ in ends {}
                return .renewalEnded
            }
            var outcome: Swift.Result<Value, any Error>?
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

    /// Renews until it is ended (the body is done) or the lease is lost.
    private func keep(_ lease: Lease) async {
        // Loss is declared before the validity ends, so that the body hears of it in time.
        let margin = min(lease.ttl / 20, .milliseconds(100))
        var next = lease.validUntil.advanced(by: .zero - lease.ttl * 2 / 3)
        while !Task.isCancelled {
            let lastMoment = lease.validUntil.advanced(by: .zero - margin)
            do { try await runtime.sleep(until: min(next, lastMoment)) } catch { return }
            let start = runtime.now
            guard start < lastMoment else { return lease.lose("it could not be renewed in time") }
            switch await extend(lease, timeout: min(configuration.nodeTimeout, start.duration(to: lastMoment))) {
            case .renewed:
                lease.renewed(Validity(start: start, ttl: lease.ttl))
                notify(.renewed(lease))
                next = start.advanced(by: lease.ttl / 3)
            case .failed(definite: true): return lease.lose("a majority of nodes no longer holds it")
            case .failed(definite: false): next = runtime.now.advanced(by: configuration.firstRetry)
            }
        }
    }

    private func extend(_ lease: Lease, timeout: Duration) async -> RenewalMachine.Verdict {
        let request = RoundRequest(
            phase: 0, script: LockScripts.extend, keys: [keys.owner(lease.name), keys.counter(lease.name), keys.node],
            arguments: [
                RedisArgument(lease.owner), RedisArgument(lease.token.rawValue), RedisArgument(lease.ttl.milliseconds),
            ], withRunID: true)
        return await Round(RenewalMachine(quorum), nodes: nodes).run(request, timeout: timeout)
    }
}
