import HoldfastRedis
import HoldfastRuntime

extension LockCluster {
    /// One attempt.
    /// - Parameters:
    ///   - home: The node to ask first when others compete; nil asks all at once.
    ///   - willWait: Whether the caller tries again when it is refused.
    func attempt(_ request: LockRequest, home: Int? = nil, willWait: Bool) async -> Result<Lease, LockError> {
        do throws(LockError) { return .success(try await tryOnce(request, home, willWait)) } catch {
            return .failure(Task.isCancelled ? .cancelled(name: request.text) : error)
        }
    }

    private func tryOnce(_ request: LockRequest, _ home: Int?, _ willWait: Bool) async throws(LockError) -> Lease {
        let start = runtime.now
        let owner = runtime.randomHex(bytes: 16) + (request.label.map { " " + $0 } ?? ownerSuffix)
        let calls = LockCalls(request, owner: owner, keys: keys)
        let grant = calls.grant(willWait: willWait)
        let acquisition = Acquisition(quorum, home: home)
        let machine = AcquisitionMachine(acquisition, grant: grant) { [runtime] token in
            runtime.pass(LockPoint.confirming)
            return calls.confirm(token)
        }
        let round = Round(machine, nodes: nodes) { [nodes] late, verdict in
            // Asked behind the release of a failed attempt: without another one the grant would stay for its TTL. With
            // its source, for the node may have been asked again because it has forgotten all scripts.
            guard case .failed = verdict else { return }
            let giveBackLate = calls.release.encode(bySource: true)
            for node in late { nodes[node].client.submit(giveBackLate, to: Unheard.shared, tag: node) }
        }
        let timeout = min(configuration.nodeTimeout, request.ttl)
        let verdict = await withTaskCancellationHandler {
            await round.run(grant, to: acquisition.firstTargets, timeout: timeout)
        } onCancel: {
            round.expire()
        }
        switch verdict {
        case .issued(let token, let rounds):
            runtime.pass(LockPoint.granted)
            let validity = Validity(start: start, ttl: request.ttl)
            let isUsable = validity.remaining(at: runtime.now) >= min(configuration.minimumValidity, request.ttl / 4)
            if isUsable, !Task.isCancelled {
                return Lease(
                    request, calls, token: token, owner: owner, began: start, rounds: rounds, validity: validity,
                    runtime: runtime)
            }
            await giveBack(calls)
            throw Task.isCancelled
                ? .cancelled(name: request.text)
                : .unavailable(name: request.text, nodes: nodes.map { _ in .noAnswer })
        case .failed(let outcomes):
            // Where all that was asked was refused, there is nothing to give back.
            if !outcomes.allSatisfy(\.isRefusal) { await giveBack(calls) }
            throw Self.judge(outcomes, request.text, quorum)
        }
    }

    /// Always to all nodes, also those that never answered: a grant may be on its way, and the connection keeps the
    /// release behind it.
    func giveBack(_ calls: LockCalls) async { await tell(calls.release) }

    /// Sends a request to all nodes that are connected, and waits for none.
    func submit(_ request: RoundRequest) {
        let encoded = request.encode(bySource: false)
        for node in nodes { node.client.submit(encoded, to: Unheard.shared, tag: node.index) }
    }

    /// Sends a request to all nodes and waits for a majority's answers, or the node timeout.
    func tell(_ request: RoundRequest) async {
        // No cancellation handler: a cancelled holder must free its lock too.
        await Round(ReleaseMachine(quorum), nodes: nodes).run(request, timeout: configuration.nodeTimeout)
    }

    /// Contention if the nodes that hold it for another could have made the majority; else nodes are missing.
    static func judge(_ outcomes: [NodeOutcome], _ name: String, _ quorum: Quorum) -> LockError {
        var remaining: [Duration] = []
        var held = 0
        var available = 0
        for outcome in outcomes {
            switch outcome {
            case .held(let left), .heldByReaders(let left), .writerWaits(let left):
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
            return .held(name: name, retryAfter: remaining.max(), nodes: outcomes)
        }
        // A split vote: nobody else is seen to hold it, and trying again soon is right.
        if available >= quorum.majority { return .held(name: name, retryAfter: nil, nodes: outcomes) }
        return .unavailable(name: name, nodes: outcomes)
    }
}

extension NodeOutcome {
    /// The node certainly granted nothing.
    fileprivate var isRefusal: Bool {
        switch self {
        case .held, .heldByReaders, .writerWaits, .notAdmitted, .notAsked: true
        case .granted, .confirmed, .lostHold, .noAnswer, .pending, .unreachable, .failed: false
        }
    }
}

/// For answers that nobody waits for.
final class Unheard: ReplySink {
    static let shared = Unheard()

    func receive(_ outcome: ReplyOutcome, tag: Int) {}
}
