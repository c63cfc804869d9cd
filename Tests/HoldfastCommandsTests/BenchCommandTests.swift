import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import Testing

/// `holdfast bench`, as a user runs it.
@Suite("The bench command", .serialized, .timeLimit(.minutes(2)))
struct BenchCommandTests {
    private struct Report: Decodable {
        struct Spans: Decodable {
            var p50, p99, p999, max: Double
        }
        var nodes, clients, cycles: Int
        var names, executor: String
        var cycles_per_s, round_trips_per_acquire, fast_path_share, writes_per_cycle, cpu_us_per_cycle: Double
        var acquire_us, cycle_us: Spans
        var hand_over_us: Spans?
    }

    private func bench(_ arguments: String...) async throws -> Invocation {
        try await Invocation.run(
            ["bench", "locks"] + arguments, variables: ["HOLDFAST_NODES": "", "HOLDFAST_DIR": ""])
    }

    private func report(_ outcome: Invocation) throws -> Report {
        #expect(outcome.status == .exited(0) && outcome.error == "", "\(outcome)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    @Test(arguments: ["always", "never", "off"])
    func itStartsNodesOfItsOwn(_ fsync: String) async throws {
        let report = try report(
            try await bench("--clients", "3", "--seconds", "0.2", "--executor", "loop", "--fsync", fsync, "--json"))
        #expect(report.nodes == 5 && report.clients == 3 && report.names == "own" && report.executor == "loop")
        #expect(report.cycles >= 3 && report.cycles_per_s > 0 && report.cpu_us_per_cycle > 0)
        #expect(report.round_trips_per_acquire >= 1 && report.round_trips_per_acquire < 1.5)
        #expect(report.fast_path_share > 0.5 && report.fast_path_share <= 1)
        #expect(report.writes_per_cycle > 0 && report.writes_per_cycle <= 10.1)
        #expect(report.acquire_us.p50 > 0 && report.acquire_us.p50 <= report.acquire_us.max)
        #expect(report.acquire_us.p50 <= report.cycle_us.max && report.hand_over_us == nil)
    }

    @Test func itMeasuresNodesThatAreNamed() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let nodes = cluster.nodeURLs.joined(separator: ",")
            let blank = try await bench("--nodes", nodes, "--seconds", "0.2")
            #expect(blank.status == .exited(69) && blank.error.hasPrefix("holdfast: "), "\(blank)")

            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let shared = try report(
                try await bench(
                    "--nodes", nodes, "--clients", "4", "--names", "shared", "--seconds", "0.3", "--hold", "1ms",
                    "--json"))
            #expect(shared.nodes == 3 && shared.cycles >= 4)
            let handOver = try #require(shared.hand_over_us)
            #expect(handOver.p50 > 0 && handOver.p50 <= handOver.max)
            let held = try await LockCluster.held(configuration)
            #expect(held.locks.isEmpty, "every lock was given back")

            let table = try await bench("--nodes", nodes, "--seconds", "0.2", "--quiet")
            #expect(table.status == .exited(0))
            #expect(
                table.output.hasPrefix("3 lock nodes, 1 client on the global pool, a lock of its own each, "))
            #expect(table.output.contains("\ncycles per second "), "\(table.output)")
        }
    }

    @Test(arguments: [
        ["--clients", "0"], ["--seconds", "0"], ["--hold", "5s"], ["--ttl", "1s", "--hold", "500ms"],
        ["--fsync", "off", "--nodes", "redis://127.0.0.1:1"], ["--names", "both"], ["--executor", "thread"],
    ])
    func aWrongCommandLineIsRefused(_ arguments: [String]) async throws {
        var command = Command(CommandLineTests.path, ["bench", "locks"] + arguments)
        command.output = .null
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        let complaint = String(decoding: try #require(try await child.error?.readAll()), as: UTF8.self)
        #expect(await child.wait() == .exited(2))
        #expect(complaint.hasPrefix("holdfast: "), "\(complaint)")
    }
}
