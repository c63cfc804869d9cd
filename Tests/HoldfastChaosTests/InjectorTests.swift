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

    /// - Parameter fault: Comes once, at once, for half a second.
    private func withInjector(
        _ fault: FaultSpec, compiler: String? = nil, _ body: (Bench) async throws -> Void
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
            let injector = Injector(
                FaultPlan(scenario, seed: 1), of: scenario, seed: 1,
                fleet: Fleet(size: 0, runtime: runtime) { _, _, _ in Command("true") },
                ground: Ground(nodes: nodes, store: "", cluster: cluster), tools: tools,
                strangers: Strangers(command: { _, _, _ in Command("true") }, log: { _ in "" }),
                orders: ChaosOrders(directory: cluster.directory),
                history: try HistoryWriter(path: "\(cluster.directory)/chaos.jsonl", client: "chaos", number: 0),
                runtime: runtime, overtaken: { _ in false })
            do { try await body(Bench(injector: injector, cluster: cluster, links: links)) } catch {
                await links.close()
                throw error
            }
            await links.close()
        }
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
