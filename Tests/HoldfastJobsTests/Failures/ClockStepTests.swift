import Foundation
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import RedisFixture
import TestWorld
import Testing

@testable import HoldfastJobs

/// The server's civil clock is stepped while jobs wait and run: `Tests/ClockShim`, preloaded into redis-server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ClockStepTests {
    /// The step of a server's clock, as a file that the shim maps.
    private struct Clock {
        let path: String

        func step(_ seconds: Int64) throws {
            let bytes = withUnsafeBytes(of: seconds * 1_000_000_000) { Data($0) }
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.write(contentsOf: bytes)
            try file.close()
        }
    }

    private func withSteppedServer(_ body: (RedisServer, Clock) async throws -> Void) async throws {
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "ClockShim/clock.c").path
        try await withTemporaryDirectory { directory in
            let library = directory + "/clock.so"
            let compiler = try await ChildProcess.start(
                Command("gcc", ["-shared", "-fPIC", "-O2", "-o", library, source]))
            try #require(await compiler.wait().isSuccess, "the shim needs gcc: run `make setup`")
            let clock = Clock(path: directory + "/clock")
            try Data(count: 8).write(to: URL(filePath: clock.path))
            try await RedisServer.with(environment: ["LD_PRELOAD": library, "CLOCK_SHIM": clock.path]) { server in
                try await body(server, clock)
            }
        }
    }

    private func worker(_ client: RedisClient, _ gate: Gate, _ log: EventLog) throws -> Worker {
        var handlers = HandlerRegistry()
        Effects(on: client).register(in: &handlers)
        handlers.register("gated") { (_: NoArguments, _) in try await gate.pass() }
        var configuration = WorkerConfiguration()
        // Long, so that the step's victims do not hear of it by a renewal.
        configuration.lease = .seconds(60)
        configuration.maintenanceInterval = .milliseconds(100)
        configuration.concurrency = 8
        return try Worker(
            queues: [QueueName("q")], client: client, handlers: handlers, configuration: configuration,
            observe: log.observe)
    }

    @Test(arguments: [3600, -3600] as [Int64]) func aStepLosesAndDoublesNothing(_ seconds: Int64) async throws {
        try await withSteppedServer { server, clock in
            let client = RedisClient(server.configuration, scripts: JobScripts.all)
            let queue = try Queue("q", client: client)
            let (gate, log) = (Gate(), EventLog())
            let day = JobOptions(resultTTL: .span(.seconds(86_400)))
            var ids = try await queue.enqueue((0..<3).map { _ in try NewJob("gated", options: day) })
            ids += try await queue.enqueue((0..<20).map { try NewJob(Effects.function, $0, options: day) })
            let first = ids
            let worker = try worker(client, gate, log)
            let all = try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 8)
                func time() async throws -> Int64 {
                    try await client.send(RedisCommand("TIME")).array?.first?.integer ?? 0
                }
                let before = try await time()
                try clock.step(seconds)
                #expect(abs(try await time() - before - seconds) < 1800, "the server's clock was not stepped")
                if seconds > 0 {
                    // Every lease has ended at once: what runs is taken away, and will run again.
                    await log.wait(for: { if case .recovered = $0 { true } else { false } }, count: 3)
                }
                let more = try await queue.enqueue(
                    (0..<20).map { try NewJob(Effects.function, $0, options: day) })
                for id in first.dropFirst(3) + more { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                gate.open()
                for id in first { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                return first + more
            }
            let counts = try await queue.counts()
            #expect(counts.finished == all.count && counts.failed == 0 && counts.started == 0)
            let effects = try await Effects(on: client).count(of: Array(all.dropFirst(3)))
            #expect(effects.allSatisfy { $0.fenced == 1 })
            #expect((worker.counters.staleCompletionsRefused > 0) == (seconds > 0))
            // A worker whose record expired by the step is still on the lists, until somebody maintains them.
            try await client.run(JobScripts.repair, keys: [], arguments: ["rq", 100, 5, "", "q"])
            for violation in try await Invariants(client: client).violations() {
                Issue.record("\(violation.rule): \(violation.what)")
            }
            await client.close()
        }
    }
}
