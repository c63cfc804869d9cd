import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// Acquire and release over the lock nodes, against a floor in C and, where there are any, against peers. In each round
/// every contestant runs once, so that what else the machine does meets all of them.
struct LockBenchmark {
    let cluster: LocalCluster
    let span: Duration
    let rounds: Int
    let peers: Peers?

    private struct Contestant {
        var name: String
        var clients: Int
        var run: () async throws -> LockResult
    }

    func run() async throws {
        let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
        _ = try await LockCluster.initialize(configuration)
        let floor = try await LockFloor.least(cluster, locks: 1)
        let transport = NIOTransport()
        let locks = try await LockCluster.connect(configuration, transport: transport)
        var thriftily = configuration
        thriftily.asks = .majority
        let otherTransport = NIOTransport()
        let thrifty = try await LockCluster.connect(thriftily, transport: otherTransport)
        var contestants = try await bounds() + own(locks, transport) + own(thrifty, otherTransport)
        if let peers {
            for peer in try await peers.list() {
                contestants.append(
                    Contestant(name: peer.name, clients: peer.clients) {
                        try await peers.run(peer, on: cluster.nodes.map(\.port), for: span)
                    })
            }
        }
        var table = LockTable()
        for round in 1...rounds {
            let least = try await measured(Contestant(name: "C floor", clients: 1) { try await floor.run(for: span) })
            table.add(least, of: "C floor, one thread", clients: 1, floor: least)
            for contestant in contestants {
                let progress = "round \(round) of \(rounds): \(contestant.name), \(contestant.clients) clients\n"
                FileHandle.standardError.write(Data(progress.utf8))
                table.add(
                    try await measured(contestant), of: contestant.name, clients: contestant.clients, floor: least)
            }
        }
        print(table.text)
        await locks.close()
        await thrifty.close()
    }

    /// What no client can do better: with the protocol's scripts, and with many locks at once.
    private func bounds() async throws -> [Contestant] {
        let least = try await LockFloor.least(cluster, locks: 64)
        var contestants = [
            Contestant(name: "C, the least, pipelined", clients: 64) { try await least.run(for: span) }
        ]
        for clients in [1, 64] {
            let ours = try await LockFloor.ours(cluster, locks: clients)
            contestants.append(
                Contestant(name: clients == 1 ? "C, our scripts" : "C, our scripts, pipelined", clients: clients) {
                    try await ours.run(for: span)
                })
        }
        return contestants
    }

    private func own(_ locks: LockCluster, _ transport: NIOTransport) -> [Contestant] {
        func contestant(_ name: String, _ clients: Int, _ names: LockLoad.Names, _ place: LockLoad.Place) -> Contestant
        {
            let load = LockLoad(clients: clients, names: names, place: place, for: span)
            let whom = locks.configuration.asks == .all ? "" : ", majority"
            return Contestant(name: name + whom, clients: clients) {
                LockResult(try await load.run(on: locks, over: transport))
            }
        }
        return [1, 16, 64].flatMap { clients in
            [
                contestant("own names, on the loop", clients, .own, .loop),
                contestant("own names, global pool", clients, .own, .pool),
            ]
        } + [2, 8, 64].map { contestant("one name, on the loop", $0, .shared, .loop) }
    }

    /// With what the servers spent on it.
    private func measured(_ contestant: Contestant) async throws -> LockResult {
        let servers = ServerTime(cluster)
        let before = try servers.used
        var result = try await contestant.run()
        let spent = try servers.used - before
        if result.cycles > 0 { result.serverCPU = spent.seconds * 1e6 / Double(result.cycles) }
        return result
    }
}
