import HoldfastCluster
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import Testing

@Suite(.serialized) struct LockLoadTests {
    private func withLocks(
        nodes: Int, _ body: (LocalCluster, LockCluster, NIOTransport) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: nodes, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let transport = NIOTransport()
            let locks = try await LockCluster.connect(configuration, transport: transport)
            do { try await body(cluster, locks, transport) } catch {
                await locks.close()
                throw error
            }
            await locks.close()
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: LockLoad.Place.allCases)
    func ownNamesCostOneRoundTripEach(_ place: LockLoad.Place) async throws {
        try await withLocks(nodes: 1) { _, locks, transport in
            let load = LockLoad(clients: 3, names: .own, place: place, for: .milliseconds(200))
            let figures = try await load.run(on: locks, over: transport)
            #expect(figures.cycles > 3 && figures.cycles == figures.acquire.count)
            #expect(figures.roundTripsPerAcquire == 1 && figures.fastPathShare == 1)
            // A grant and a release on one connection; those of several clients share writes.
            #expect(figures.writesPerCycle > 0 && figures.writesPerCycle <= 2.01)
            #expect(figures.handOver.count == 0)
            #expect(figures.cpuPerCycle > .zero && figures.cyclesPerSecond > 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aSharedNameIsHandedOver() async throws {
        try await withLocks(nodes: 3) { _, locks, transport in
            var load = LockLoad(clients: 4, names: .shared, for: .milliseconds(300))
            load.hold = .milliseconds(1)
            let figures = try await load.run(on: locks, over: transport)
            #expect(figures.cycles >= 4, "nobody leaves without having had the lock")
            #expect(figures.handOver.count > 0 && figures.handOver.count < figures.cycles)
            // Who waits was refused before: that round counts.
            #expect(figures.roundTripsPerAcquire > 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func roundTripsAreCounted() async throws {
        // With two nodes both must grant: the counters that differ always take the second phase.
        try await withLocks(nodes: 2) { cluster, locks, _ in
            let name = try LockName("page")
            let node = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[0]))
            try await node.send(RedisCommand("SET", "holdfast:fence:page", "5"))
            await node.close()
            #expect(locks.acquisitionRounds == 0)
            let slow = try await locks.acquire(name)
            #expect(slow.rounds == 2 && slow.token.rawValue == 6 && locks.acquisitionRounds == 2)
            await #expect(throws: LockError.self) { try await locks.acquire(name) }
            #expect(locks.acquisitionRounds == 3, "a refused attempt counts")
            await locks.release(slow)
            #expect(locks.acquisitionRounds == 3, "a release does not")
            let fast = try await locks.acquire(name)
            #expect(fast.rounds == 1 && locks.acquisitionRounds == 4)
            await locks.release(fast)
        }
    }
}
