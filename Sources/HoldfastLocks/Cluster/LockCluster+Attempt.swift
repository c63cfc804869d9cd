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
        let reserve = reserve(for: request, home: home, at: start)
        let acquisition = Acquisition(quorum, home: home, reserve: reserve)
        let machine = AcquisitionMachine(acquisition, grant: grant) { token in calls.confirm(token) }
        let round = Round(machine, nodes: nodes) { late, verdict in
            // Asked behind the release of a failed attempt: without another one the grant would stay for its TTL.
            guard case .failed = verdict else { return }
            self.submit(calls.release, to: late)
        }
        let timeout = min(configuration.nodeTimeout, request.ttl)
        let hedgeDelay = reserve.isEmpty ? nil : nodes[0].rounds.hedgeDelay
        let hedgeAfter = hedgeDelay?.current(within: timeout)
        let verdict = await withTaskCancellationHandler {
            await round.run(grant, to: acquisition.asked, hedgeAfter: hedgeAfter, timeout: timeout)
        } onCancel: {
            round.expire()
        }
        switch verdict {
        case .issued(let token, let rounds, let holders, let tempo):
            runtime.pass(LockPoint.granted)
            let validity = Validity(start: start, ttl: request.ttl)
            let now = runtime.now
            switch tempo {
            case .usual: hedgeDelay?.note(start.duration(to: now), at: now, within: timeout)
            case .hedged: hedgeDelay?.note(start.duration(to: now) - (hedgeAfter ?? .zero), at: now, within: timeout)
            case .hindered: break
            }
            let isUsable = validity.remaining(at: now) >= min(configuration.minimumValidity, request.ttl / 4)
            if isUsable, !Task.isCancelled {
                return Lease(
                    request, calls, token: token, owner: owner, began: start, rounds: rounds, holders: holders,
                    validity: validity, runtime: runtime)
            }
            await giveBack(calls, by: holders)
            throw Task.isCancelled
                ? .cancelled(name: request.text)
                : .unavailable(name: request.text, nodes: nodes.map { _ in .noAnswer })
        case .failed(let outcomes):
            // Where all that was asked was refused, there is nothing to give back.
            if !outcomes.allSatisfy(\.isRefusal) {
                await giveBack(calls, by: outcomes.indices.filter { outcomes[$0] != .notAsked })
            }
            throw Self.judge(outcomes, request.text, quorum)
        }
    }

    /// The nodes that a first attempt leaves out.
    private func reserve(for request: LockRequest, home: Int?, at now: Instant) -> [Int] {
        // The names of a lock of several would each have a majority of their own, and tokens out of step at it.
        guard configuration.asks == .majority, request.names.count == 1 else { return [] }
        var candidates = Rendezvous.order(of: request.names[0], nodes: nodes.count).filter { $0 != home }
        let wanted = quorum.majority - (home == nil ? 0 : 1)
        func isPrompt(_ node: Int) -> Bool { nodes[node].isPrompt(at: now) }
        if !candidates.prefix(wanted).allSatisfy(isPrompt) {
            candidates = candidates.filter(isPrompt) + candidates.filter { !isPrompt($0) }
        }
        return Array(candidates.dropFirst(wanted))
    }

    /// To all nodes that were asked, also those that never answered: a grant may be on its way, and the connection
    /// keeps the release behind it.
    /// - Parameter holders: Who was asked; nil for all.
    func giveBack(_ calls: LockCalls, by holders: [Int]?) async { await tell(calls.release, to: holders) }

    /// Sends a request to all nodes that are connected, or those given, behind what was sent before, and waits for
    /// none.
    func submit(_ request: RoundRequest, to targets: [Int]? = nil) {
        nodes[0].rounds.dispatcher.send(request, for: Unwaited(nodes), to: targets)
    }

    /// Frees a lock at all nodes, or those given, which are all that may have it, and waits until a majority is free,
    /// or for the node timeout.
    func tell(_ request: RoundRequest, to targets: [Int]? = nil) async {
        // No cancellation handler: a cancelled holder must free its lock too.
        let machine = ReleaseMachine(quorum, asked: targets?.count ?? nodes.count)
        guard machine.needed > 0 else { return submit(request, to: targets) }
        await Round(machine, nodes: nodes).run(request, to: targets, timeout: configuration.nodeTimeout)
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
