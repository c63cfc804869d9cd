import HoldfastRedis
import HoldfastRuntime

extension LockCluster {
    /// Acquires a lock. Whoever calls this renews and releases by himself; see
    /// ``withLock(_:ttl:wait:isolation:_:)`` for the scoped form.
    ///
    /// Cancellation ends the attempt at once; what nodes granted meanwhile is given back.
    /// - Parameters:
    ///   - ttl: 10 ms at least, the cluster's maximum TTL at most.
    ///   - wait: For how long to try again while others hold it or nodes are missing.
    public func acquire(
        _ name: LockName, ttl: Duration = .seconds(10), wait: LockWait = .none
    ) async throws(LockError) -> Lease {
        guard ttl >= .milliseconds(10), ttl <= descriptor?.maximumTTL ?? ttl else {
            let maximum = descriptor.map { " \($0.maximumTTL)" } ?? ""
            throw .invalid("a TTL of \(ttl) is not between 10 ms and the cluster's maximum\(maximum)")
        }
        let began = runtime.now
        let outcome: Result<Lease, LockError>
        if wait == .none {
            outcome = await result(of: name, ttl)
        } else {
            let left = wait.remaining(since: began, now: runtime.now)
            let passed = await turnstile.pass(name, atMost: left, nodes[0].client.strand) {
                let first = await result(of: name, ttl)
                guard case .failure(let refusal) = first else { return first }
                return await LockWaiter(self, name, ttl, wait, began).run(after: refusal)
            }
            let inLine: LockError =
                Task.isCancelled
                ? .cancelled(name: name.text) : .held(name: name.text, retryAfter: nil, nodes: [])
            outcome = passed ?? .failure(inLine)
        }
        switch outcome {
        case .success(let lease): notify(.acquired(lease, waited: began.duration(to: runtime.now)))
        case .failure(let error): notify(.refused(name: name, error))
        }
        return try outcome.get()
    }

    private func result(of name: LockName, _ ttl: Duration) async -> Result<Lease, LockError> {
        do throws(LockError) { return .success(try await attempt(name, ttl: ttl)) } catch {
            return .failure(Task.isCancelled ? .cancelled(name: name.text) : error)
        }
    }

    /// Frees the lease's lock at every node, and waits until a majority has answered, at most the node timeout.
    /// The lease is no longer valid from here on. Does its work also in a cancelled task. Repeating it does no harm.
    public func release(_ lease: Lease) async {
        // First: another may hold it before the last node has answered.
        lease.lose("it was released")
        await giveBack(lease.name, owner: lease.owner)
        notify(.released(lease))
    }

    /// One attempt.
    /// - Parameter home: The node to ask first when others compete; nil asks all at once.
    func attempt(_ name: LockName, ttl: Duration, home: Int? = nil) async throws(LockError) -> Lease {
        let start = runtime.now
        let owner = runtime.randomHex(bytes: 16)
        let keys = [keys.owner(name), keys.counter(name), keys.node]
        let ownerArgument = RedisArgument(owner)
        let request = RoundRequest(
            phase: 0, script: LockScripts.grant, keys: keys,
            arguments: [ownerArgument, RedisArgument(ttl.milliseconds)], withRunID: true)
        let acquisition = Acquisition(quorum, home: home)
        let machine = AcquisitionMachine(acquisition, grant: request) { token in
            RoundRequest(
                phase: 1, script: LockScripts.confirm, keys: keys,
                arguments: [ownerArgument, RedisArgument(token.rawValue)], withRunID: true)
        }
        let giveBackLate = giveBackRequest(name, owner: owner).encode(bySource: false)
        let round = Round(machine, nodes: nodes) { [nodes] late, verdict in
            // Asked behind the release of a failed attempt: without another one the grant would stay for its TTL.
            guard case .failed = verdict else { return }
            for node in late { nodes[node].client.submit(giveBackLate, to: Unheard.shared, tag: node) }
        }
        let timeout = min(configuration.nodeTimeout, ttl)
        let verdict = await withTaskCancellationHandler {
            await round.run(request, to: acquisition.firstTargets, timeout: timeout)
        } onCancel: {
            round.expire()
        }
        switch verdict {
        case .issued(let token, let rounds):
            let validity = Validity(start: start, ttl: ttl)
            let isUsable = validity.remaining(at: runtime.now) >= min(configuration.minimumValidity, ttl / 4)
            if isUsable, !Task.isCancelled {
                return Lease(
                    name: name, token: token, owner: owner, ttl: ttl, began: start, rounds: rounds,
                    validity: validity, runtime: runtime)
            }
            await giveBack(name, owner: owner)
            throw Task.isCancelled
                ? .cancelled(name: name.text) : .unavailable(name: name.text, nodes: nodes.map { _ in .noAnswer })
        case .failed(let outcomes):
            // Where all that was asked was refused, there is nothing to give back.
            if !outcomes.allSatisfy(\.isRefusal) { await giveBack(name, owner: owner) }
            throw Self.judge(outcomes, name, quorum)
        }
    }

    /// Always to all nodes, also those that never answered: a grant may be on its way, and the connection keeps the
    /// release behind it.
    private func giveBack(_ name: LockName, owner: String) async {
        // No cancellation handler: a cancelled holder must free its lock too.
        await Round(ReleaseMachine(quorum), nodes: nodes).run(
            giveBackRequest(name, owner: owner), timeout: configuration.nodeTimeout)
    }

    private func giveBackRequest(_ name: LockName, owner: String) -> RoundRequest {
        RoundRequest(
            phase: 0, script: LockScripts.release, keys: [keys.owner(name)],
            arguments: [RedisArgument(owner), RedisArgument(keys.channel(name))], withRunID: false)
    }

    /// Contention if the nodes that hold it for another could have made the majority; else nodes are missing.
    static func judge(_ outcomes: [NodeOutcome], _ name: LockName, _ quorum: Quorum) -> LockError {
        var remaining: [Duration] = []
        var held = 0
        var available = 0
        for outcome in outcomes {
            switch outcome {
            case .held(let left):
                held += 1
                available += 1
                if let left { remaining.append(left) }
            // Where nodes are down, a few refusals decide: nodes that nobody waited for are not missing too.
            case .granted, .confirmed, .lostHold, .pending: available += 1
            case .notAdmitted, .noAnswer, .unreachable, .failed: break
            // Its home is held, and that decides.
            case .notAsked: available += 1
            }
        }
        if held > 0, available >= quorum.majority {
            return .held(name: name.text, retryAfter: remaining.max(), nodes: outcomes)
        }
        // A split vote: nobody else is seen to hold it, and trying again soon is right.
        if available >= quorum.majority { return .held(name: name.text, retryAfter: nil, nodes: outcomes) }
        return .unavailable(name: name.text, nodes: outcomes)
    }
}

extension NodeOutcome {
    /// The node certainly granted nothing.
    fileprivate var isRefusal: Bool {
        switch self {
        case .held, .notAdmitted, .notAsked: true
        case .granted, .confirmed, .lostHold, .noAnswer, .pending, .unreachable, .failed: false
        }
    }
}

/// For answers that nobody waits for.
private final class Unheard: ReplySink {
    static let shared = Unheard()

    func receive(_ outcome: ReplyOutcome, tag: Int) {}
}
