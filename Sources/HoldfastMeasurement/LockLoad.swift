public import HoldfastLocks
public import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// Clients that acquire and release locks as fast as they can.
public struct LockLoad: Sendable {
    /// Which locks the clients want.
    public enum Names: String, Sendable, CaseIterable {
        /// Each a lock of its own: nobody waits.
        case own
        /// All the same one: they hand it over.
        case shared
    }

    /// Where the clients' tasks run.
    public enum Place: String, Sendable, CaseIterable {
        /// On the event loop of the connections, without a thread hop.
        case loop
        /// On Swift's global pool, as an application's tasks do.
        case pool
    }

    public var clients: Int
    public var names: Names
    public var place: Place
    public var span: Duration
    /// How long each holder keeps the lock.
    public var hold: Duration = .zero
    public var ttl: Duration = .seconds(10)

    public init(clients: Int, names: Names = .own, place: Place = .pool, for span: Duration) {
        self.clients = clients
        self.names = names
        self.place = place
        self.span = span
    }

    /// Locks are named `bench/N` or `bench/shared`: a counter of each stays on the nodes.
    private func name(of client: Int) throws(LockError) -> LockName {
        try LockName(names == .own ? "bench/\(client)" : "bench/shared")
    }

    /// Runs the load.
    ///
    /// - Parameters:
    ///   - transport: What `locks` was connected with, to count its writes.
    ///   - progress: Told about once a second how many locks were acquired so far.
    /// - Throws: ``LockError`` of the first client that did not get its lock, although it waited until the end and for
    ///   everybody before it; `CancellationError`.
    public func run(
        on locks: LockCluster, over transport: NIOTransport, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> LockFigures {
        let wanted = try (0..<clients).map { try name(of: $0) }
        let runtime = locks.runtime
        // A majority is enough to connect, but not to keep the counters in step.
        let lastLook = runtime.now.advanced(by: .seconds(1))
        while locks.votingNodes < locks.configuration.nodes.count, runtime.now < lastLook {
            try await runtime.sleep(for: .milliseconds(5))
        }
        // Scripts are loaded, counters exist and buffers have their size before the clock starts.
        for name in Set(wanted) {
            await locks.release(try await locks.acquire(name, ttl: ttl, wait: .upTo(Self.patience)))
        }
        let shared = Shared()
        let reporter = runtime.own {
            while (try? await runtime.sleep(for: .seconds(1))) != nil {
                progress(shared.cycles.load(ordering: .relaxed))
            }
        }
        let before = Meters(locks, transport)
        let patience = span + (hold + .milliseconds(100)) * clients + Self.patience
        let loop = ClosedLoop(
            callers: clients, for: span, on: place == .loop ? locks.executor : nil, runtime: runtime)
        let outcome: ClosedLoop.Outcome<Record>
        do {
            outcome = try await loop.run(noting: Record()) { [ttl, hold] client, _, record in
                let began = runtime.now
                let lease = try await locks.acquire(wanted[client], ttl: ttl, wait: .upTo(patience))
                let acquired = runtime.now
                record.acquire.record(began.duration(to: acquired))
                if lease.rounds == 1 { record.fast += 1 }
                if names == .shared, let released = shared.takeRelease(unlessBy: client) {
                    record.handOver.record(released.duration(to: acquired))
                }
                if hold > .zero { try await runtime.sleep(for: hold) }
                if names == .shared { shared.releases(at: runtime.now, client) }
                await locks.release(lease)
                shared.cycles.add(1, ordering: .relaxed)
            }
        } catch {
            await reporter.end()
            throw error
        }
        await reporter.end()
        return LockFigures(outcome, spent: Meters(locks, transport) - before)
    }

    /// For an acquisition that nobody hinders.
    private static let patience = Duration.seconds(10)

    struct Record: Sendable {
        var acquire = Latencies()
        var handOver = Latencies()
        var fast = 0
    }

    /// What is counted beside the clients.
    struct Meters {
        var rounds: Int
        var writes: Int
        var cpu: Duration

        static func - (later: Meters, earlier: Meters) -> Meters {
            Meters(
                rounds: later.rounds - earlier.rounds, writes: later.writes - earlier.writes,
                cpu: later.cpu - earlier.cpu)
        }
    }

    private final class Shared: Sendable {
        let cycles = Atomic<Int>(0)
        private let release = Mutex<(at: Instant, by: Int)?>(nil)

        func releases(at now: Instant, _ client: Int) { release.withLock { $0 = (now, client) } }

        /// When the holder before began to release; nil when that was the same client.
        func takeRelease(unlessBy client: Int) -> Instant? {
            release.withLock { release in
                defer { release = nil }
                return release.flatMap { $0.by == client ? nil : $0.at }
            }
        }
    }
}

extension LockLoad.Meters {
    init(_ locks: LockCluster, _ transport: NIOTransport) {
        self.init(rounds: locks.acquisitionRounds, writes: transport.writes, cpu: ProcessTime.used)
    }
}
