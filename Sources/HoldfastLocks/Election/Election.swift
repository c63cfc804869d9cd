import HoldfastRedis
import HoldfastRuntime

/// Leader election: the leader is who holds a lock, its term is the lock's fencing token.
///
/// At most one candidate believes to lead while clocks and pauses are bounded, as with every lease; terms are unique
/// and grow without that assumption.
public struct Election: Sendable {
    public let name: LockName
    public let ttl: Duration
    private let locks: LockCluster

    /// - Parameter ttl: For how long the office stays with a leader that has died, at most.
    public init(_ name: LockName, on locks: LockCluster, ttl: Duration = .seconds(10)) {
        self.name = name
        self.locks = locks
        self.ttl = ttl
    }

    /// Campaigns until elected, and leads while `body` runs; then resigns.
    ///
    /// `body`'s task is cancelled when the office is lost. Cancelling the caller ends the campaign, or `body`'s task.
    /// - Parameters:
    ///   - candidate: What observers are told: 1 to 128 bytes without control characters. The cluster's label if nil.
    ///   - wait: How long to campaign.
    ///   - campaignAgain: Whether to campaign anew when the office was lost while `body` ran, and to run `body` again.
    /// - Throws: ``LockError`` when not elected, or ``LockError/lost(name:token:reason:)``; otherwise what `body`
    ///   throws.
    public func lead<Result: Sendable>(
        as candidate: String? = nil, wait: LockWait = .forever, campaignAgain: Bool = false,
        _ body: @escaping @Sendable (Leadership) async throws -> Result
    ) async throws -> Result {
        let candidate = candidate ?? locks.configuration.label
        guard !candidate.isEmpty else { throw LockError.invalid("a candidate needs a name") }
        try LockClusterConfiguration.check(label: candidate)
        var request = LockRequest(name, ttl: ttl)
        request.label = candidate
        while true {
            let lease = try await locks.take(request, wait: wait)
            announce()
            do {
                return try await locks.hold(lease, atMost: nil) { lease in
                    try await body(Leadership(candidate: candidate, lease: lease))
                }
            } catch LockError.lost(_, let term, _) where term == lease.token && campaignAgain && !Task.isCancelled {
                continue
            }
        }
    }

    /// Who leads now, as a majority of nodes tells; nil when nobody does, or no majority answers.
    public func leader() async -> Leader? { await look()?.leader }

    /// The leader now, and each change from now on: nil while nobody leads. Elections and resignations are told by the
    /// nodes; that a leader has died, or a message was missed, is noticed when its lease has ended. Terms never fall.
    /// Quick changes may be left out, the latest never is. Ends when the consumer stops iterating or the cluster
    /// closes.
    public func changes() -> AsyncStream<Leader?> {
        let (stream, changes) = AsyncStream.makeStream(of: Leader?.self, bufferingPolicy: .bufferingNewest(1))
        let watching = locks.runtime.own {
            await watch { if case .terminated = changes.yield($0) { false } else { true } }
            changes.finish()
        }
        changes.onTermination = { _ in watching.cancel() }
        return stream
    }

    /// Those who watch look again. A hint only.
    private func announce() {
        let publish = RedisCommand.encodePrefix(
            "PUBLISH", [RedisArgument(locks.keys.channel(name)), ""], missing: 0)
        for node in locks.nodes { node.client.submit(publish, to: Unheard(), tag: 0) }
    }

    private struct Sighting {
        var leader: Leader?
        /// Until the office must have been renewed or be free.
        var remaining: Duration?
    }

    /// Nil in the middle of an election, and when no majority answers.
    private func look() async -> Sighting? {
        let holders = await locks.holders(of: name)
        guard holders.sawMajority else { return nil }
        guard let held = holders.locks.first(where: \.isHeld) else {
            return holders.locks.isEmpty ? Sighting() : nil
        }
        guard let term = held.token else { return nil }
        return Sighting(leader: Leader(candidate: held.label ?? held.owner, term: term), remaining: held.remaining)
    }

    /// Looks, and looks again when something has changed, until `tell` returns false or the task is cancelled.
    private func watch(_ tell: (Leader?) -> Bool) async {
        await withTaskGroup(of: Void.self) { group in
            let alarm = Alarm()
            let subscribers = locks.releases.subscribers
            for subscriber in subscribers {
                let messages = subscriber.messages(on: locks.keys.channel(name))
                group.addTask {
                    for await event in messages where event != .interrupted { alarm.ring() }
                    alarm.ring()
                }
            }
            var told: Leader??
            while !Task.isCancelled, !subscribers.isEmpty, !locks.isClosed {
                alarm.reset()
                let sighting = await look()
                if let sighting, told != .some(sighting.leader), isNews(sighting.leader, after: told) {
                    told = .some(sighting.leader)
                    guard tell(sighting.leader) else { break }
                }
                let pause = sighting?.remaining ?? (sighting == nil ? .milliseconds(50) : .seconds(1))
                await alarm.wait(atMost: max(pause, .milliseconds(10)), locks.nodes[0].client.strand)
            }
            group.cancelAll()
        }
    }

    /// A node that answered late may still tell of an earlier term.
    private func isNews(_ leader: Leader?, after told: Leader??) -> Bool {
        guard let leader, case .some(.some(let before)) = told else { return true }
        return leader.term > before.term
    }
}

/// For answers that nobody waits for.
private final class Unheard: ReplySink {
    func receive(_ outcome: ReplyOutcome, tag: Int) {}
}
