import HoldfastRedis
import HoldfastRuntime

/// A semaphore of k is k locks, of which each holder has one. A count of holders on every node, which looks simpler,
/// is unsound: with k permits on each of N nodes and majorities of Q, k * N / Q may hold one at the same time.
extension LockCluster {
    /// How many slots a semaphore may have.
    public static let maximumSlots = 1024

    /// The lock of one slot. Its token belongs to the slot: a resource that several slots write needs a fence for each.
    /// - Parameter slot: From 0.
    public static func slot(_ slot: Int, of semaphore: LockName) throws(LockError) -> LockName {
        try LockName("\(semaphore)#\(slot)")
    }

    /// Acquires one of the slots of a semaphore; ``Lease/name`` tells which. All clients name the same number of slots:
    /// one that names fewer uses the first ones only.
    ///
    /// The time left in ``LockError/held(name:retryAfter:nodes:)`` is that of the slot whose lease ends first.
    /// - Parameter slots: 1 to ``maximumSlots``.
    public func acquireSlot(
        of semaphore: LockName, slots: Int, ttl: Duration = .seconds(10), wait: LockWait = .none
    ) async throws(LockError) -> Lease {
        guard (1...Self.maximumSlots).contains(slots) else {
            throw .invalid("a semaphore has 1 to \(Self.maximumSlots) slots, not \(slots)")
        }
        var requests: [LockRequest] = []
        for slot in 0..<slots {
            requests.append(LockRequest(try Self.slot(slot, of: semaphore), channel: semaphore, ttl: ttl))
        }
        let pick = SlotPick(self, requests)
        // Its turnstile, channel and errors are the semaphore's.
        let whole = LockRequest(semaphore, ttl: ttl)
        let home = Rendezvous.home(of: semaphore, nodes: nodes.count)
        return try await compete(whole, wait: wait, home: home) { home in await pick.attempt(home: home) }
    }

    /// Runs `body` while holding a slot of a semaphore; otherwise as
    /// ``withLock(_:ttl:wait:holdAtMost:reentrant:_:)``.
    public func withSlot<Result: Sendable>(
        of semaphore: LockName, slots: Int, ttl: Duration = .seconds(10), wait: LockWait = .none,
        holdAtMost: Duration? = nil, _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        let lease = try await acquireSlot(of: semaphore, slots: slots, ttl: ttl, wait: wait)
        return try await hold(lease, atMost: holdAtMost, body)
    }
}

/// Chooses the slots that an attempt tries.
private struct SlotPick: Sendable {
    /// Where others are faster at this many vacant slots, the attempt has failed.
    private static let tries = 3

    let cluster: LockCluster
    let slots: [LockRequest]

    init(_ cluster: LockCluster, _ slots: [LockRequest]) {
        self.cluster = cluster
        self.slots = slots
    }

    /// The first attempt goes straight to a slot, as if it were free; the others, asked by who was refused before, look
    /// first. Chosen at random, so that competitors rarely meet.
    /// - Parameter home: The node that tells of vacant slots; nil for the first attempt.
    func attempt(home: Int?) async -> Result<Lease, LockError> {
        var failure: LockError?
        if home == nil {
            switch await cluster.attempt(slots[random(slots.count)], willWait: false) {
            case .success(let lease): return .success(lease)
            case .failure(.held(_, _, let nodes)): failure = full(nil, nodes)
            case .failure(let error): return .failure(error)
            }
        }
        var (soonest, vacant) = await look(from: home ?? random(cluster.nodes.count))
        // Of a slot whose own home is silent, all nodes are asked.
        var asksAll = false
        for _ in 0..<Self.tries where !vacant.isEmpty && !Task.isCancelled {
            let place = vacant.remove(at: random(vacant.count))
            let slot = slots[place]
            let first =
                home == nil || asksAll ? nil : Rendezvous.home(of: slot.names[0], nodes: cluster.nodes.count)
            switch await cluster.attempt(slot, home: first, willWait: false) {
            case .success(let lease): return .success(lease)
            case .failure(.held(_, _, let nodes)):
                // A slot was to be had a moment ago: trying again soon is right.
                soonest = nil
                failure = full(nil, nodes)
                if let first, nodes[first] == .noAnswer {
                    asksAll = true
                    vacant.append(place)
                }
            case .failure(let error): return .failure(error)
            }
        }
        if Task.isCancelled { return .failure(.cancelled(name: text)) }
        if case .held(_, nil, let nodes)? = failure, let soonest { return .failure(full(soonest, nodes)) }
        return .failure(failure ?? full(soonest, []))
    }

    private var text: String { slots[0].channels[0].text }

    private func full(_ soonest: Duration?, _ nodes: [NodeOutcome]) -> LockError {
        .held(name: text, retryAfter: soonest, nodes: nodes)
    }

    private func random(_ count: Int) -> Int { Int(cluster.runtime.randomBits() % UInt64(count)) }

    /// What the first node that answers, from `start` on, knows of the slots; all count as vacant when none does.
    private func look(from start: Int) async -> (soonest: Duration?, vacant: [Int]) {
        let keys = slots.map { cluster.keys.owner($0.names[0]) }
        for step in cluster.nodes.indices {
            let node = cluster.nodes[(start + step) % cluster.nodes.count]
            guard node.votingRunID != nil,
                let reply = try? await node.client.run(LockScripts.vacant, keys: keys, idempotent: true).array,
                let left = reply.first?.integer
            else { continue }
            let places = reply.dropFirst().compactMap(\.integer).map { Int($0) - 1 }.filter(slots.indices.contains)
            return (left >= 0 ? .milliseconds(left) : nil, places)
        }
        return (nil, Array(slots.indices))
    }
}
