import Foundation
import HoldfastCluster
import HoldfastHistory
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import NIOCore
import NIOPosix
import Testing

@testable import HoldfastChaos

/// What the injector says of a fault, on two real servers of which something else happens to one.
@Suite(.serialized, .timeLimit(.minutes(1))) struct InjectorTests {
    private struct Bench {
        var injector: Injector
        var fleet: Fleet
        var cluster: LocalCluster
        var links: Links

        /// Once the fault was begun.
        func begun() async throws {
            while injector.tallies[0].injected == 0 { try await LiveRuntime().sleep(for: .milliseconds(2)) }
        }

        func client(_ node: Int) throws -> RedisClient {
            RedisClient(try RedisConfiguration(url: links.urls(for: 0)[node]))
        }
    }

    /// - Parameters:
    ///   - fault: Comes once, at once, for half a second.
    ///   - worker: What a shell runs as the only worker; told the directory of orders and its name.
    private func withInjector(
        _ fault: FaultSpec, compiler: String? = nil, worker: String? = nil, _ body: (Bench) async throws -> Void
    ) async throws {
        let runtime = LiveRuntime()
        try await withTemporaryCluster(nodes: 2, stores: 0) { cluster in
            var fault = fault
            fault.spans = [.milliseconds(500) ... .milliseconds(500)]
            var scenario = Scenario(name: "x", about: "", workload: Workload(.counter))
            (scenario.topology.nodes, scenario.topology.workers, scenario.faults) = (2, 1, [fault])
            let nodes = cluster.nodes.map {
                Ground.Node(name: $0.name, url: $0.url, host: "127.0.0.1", port: $0.port)
            }
            let links = try await Links.start(workers: 1, nodes: nodes, runtime: runtime)
            var tools = FaultTools(links: links)
            if let compiler {
                tools.clocks = try await Clocks.prepare(
                    nodes: 2, in: cluster.directory, runtime: runtime, compiler: compiler)
            }
            let fleet = Fleet(size: worker == nil ? 0 : 1, runtime: runtime) { name, _, _ in
                var command = Command("sh", ["-c", worker ?? "", cluster.directory, name])
                command.grouping = .ownGroup
                return command
            }
            let injector = Injector(
                FaultPlan(scenario, seed: 1), of: scenario, seed: 1,
                fleet: fleet,
                ground: Ground(nodes: nodes, store: "", cluster: cluster), tools: tools,
                strangers: Strangers(command: { _, _, _ in Command("true") }, log: { _ in "" }),
                orders: ChaosOrders(directory: cluster.directory),
                history: try HistoryWriter(path: "\(cluster.directory)/chaos.jsonl", client: "chaos", number: 0),
                runtime: runtime, overtaken: { _ in false })
            do { try await body(Bench(injector: injector, fleet: fleet, cluster: cluster, links: links)) } catch {
                await links.close()
                throw error
            }
            await links.close()
        }
    }

    /// What it began until then would look as if a dead one had begun it, and never ended it.
    @Test func aKillIsWrittenDownWhenTheWorkerHasEnded() async throws {
        let worker = """
            until rm "$0/$1@job.begun" 2>/dev/null; do sleep 0.01; done
            sleep 0.5
            : > "$0/at-its-end"
            kill -9 $$
            """
        var fault = FaultSpec(.kill, on: .worker, .at([.zero]))
        fault.points = [Points.begun]
        try await withInjector(fault, worker: worker) { bench in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bench.fleet.run() }
                group.addTask { await bench.injector.run() }
                try await bench.begun()
                let marker = bench.cluster.directory + "/at-its-end"
                #expect(FileManager.default.fileExists(atPath: marker))
                try await group.next()
                #expect(bench.injector.tallies[0].confirmed == 1)
                _ = await bench.fleet.stop(grace: .seconds(2))
                try await group.waitForAll()
            }
        }
    }

    @Test func aRingIsMetByTwoWorkersAndAMajorityByAllOfItsNodes() {
        func isMet(_ counts: [(Int, Int, Int)], byEach: Bool = false) -> Bool {
            Injector.isMet(counts.map { (FaultPlan.Link(worker: $0.0, node: $0.1), $0.2) }, byEach: byEach)
        }
        #expect(isMet([(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)]), "each node, by whomever")
        #expect(!isMet([(0, 0, 1), (0, 1, 0), (1, 0, 5), (1, 1, 0)]))
        #expect(!isMet([(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)], byEach: true))
        #expect(isMet([(0, 0, 1), (1, 1, 1), (2, 2, 0)]), "a ring")
        #expect(!isMet([(0, 0, 7), (1, 1, 0), (2, 2, 0)]))
    }

    /// Two of two are a majority. What one node met says nothing of the other.
    @Test(arguments: [[0], [0, 1]]) func aFaultCountsWhenEveryNodeHasMetIt(used: [Int]) async throws {
        try await withInjector(FaultSpec(.delay, on: .majority, .at([.zero]))) { bench in
            let clients = try used.map(bench.client)
            for client in clients { _ = try await client.send(RedisCommand("PING").idempotent) }
            async let run: Void = bench.injector.run()
            try await bench.begun()
            for client in clients {
                for _ in 0..<3 { _ = try await client.send(RedisCommand("PING").idempotent) }
            }
            await run
            for client in clients { await client.close() }
            let tally = bench.injector.tallies[0]
            #expect(tally.injected == 1 && tally.confirmed == used.count - 1 && tally.unhealed == 0, "\(tally)")
        }
    }

    @Test func aRefusingNodeIsSeenAlsoWhenNobodyTries() async throws {
        try await withInjector(FaultSpec(.refuse, on: .majority, .at([.zero]))) { bench in
            await bench.injector.run()
            let tally = bench.injector.tallies[0]
            #expect(tally.confirmed == 1 && tally.unhealed == 0, "\(tally)")
            for node in 0..<2 {
                let client = try bench.client(node)
                let reply = try await client.send(RedisCommand("PING").idempotent)
                #expect(reply.text == "PONG")
                await client.close()
            }
        }
    }

    @Test func aLinkThatCannotListenAgainLeavesTheRunUndecided() async throws {
        try await withInjector(FaultSpec(.refuse, on: .majority, .at([.zero]))) { bench in
            let link = bench.links.link(FaultPlan.Link(worker: 0, node: 0))
            async let run: Void = bench.injector.run()
            while await !link.isRefusing() { try await LiveRuntime().sleep(for: .milliseconds(2)) }
            link.reserve.release()
            let thief = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .bind(host: "127.0.0.1", port: link.port).get()
            await run
            try await thief.close()
            let tally = bench.injector.tallies[0]
            #expect(tally.unhealed == 1 && tally.confirmed == 0 && !tally.isEnough, "\(tally)")
            #expect(tally.reasons.count == 1 && tally.reasons[0].contains("do not listen again: port \(link.port)"))
            // The other link was healed nevertheless.
            let client = try bench.client(1)
            _ = try await client.send(RedisCommand("PING").idempotent)
            await client.close()
        }
    }

    @Test func aNodeThatCannotBeHealedDoesNotKeepTheOthersFromIt() async throws {
        try await withInjector(FaultSpec(.memoryLimit, on: .majority, .at([.zero]))) { bench in
            async let run: Void = bench.injector.run()
            let second = RedisClient(try RedisConfiguration(url: bench.cluster.nodeURLs[1]))
            func limit() async throws -> String? {
                try await second.send(RedisCommand("CONFIG", "GET", "maxmemory").idempotent).array?.last?.text
            }
            while try await limit() != "1" { try await LiveRuntime().sleep(for: .milliseconds(2)) }
            await bench.cluster.nodes[0].kill()
            await run
            let after = try await limit()
            await second.close()
            let tally = bench.injector.tallies[0]
            #expect(after == "0" && tally.unhealed == 1 && tally.reasons.count == 1, "\(tally)")
            #expect(tally.reasons[0].contains("node-1") && !tally.reasons[0].contains("node-2"), "\(tally.reasons)")
        }
    }

    /// Without a compiler the machine cannot do it; with one that fails, the run has not done what it planned.
    @Test func onlyAMissingCompilerIsAnAbsence() async throws {
        let fault = FaultSpec(.clockBack, on: .node, .at([.zero]))
        try await withInjector(fault, compiler: "no-such-compiler") { bench in
            await bench.injector.run()
            #expect(bench.injector.tallies[0].absence == "clocks cannot be set: there is no C compiler")
        }
        try await withInjector(fault, compiler: "false") { bench in
            await bench.injector.run()
            let tally = bench.injector.tallies[0]
            #expect(tally.absence == nil && !tally.isEnough && tally.injected == 0, "\(tally)")
            #expect(tally.reasons == ["clocks cannot be set: the C compiler failed (exit status 1)"])
        }
    }
}
