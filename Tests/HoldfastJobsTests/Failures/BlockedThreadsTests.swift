import Foundation
import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Testing

@testable import HoldfastJobs

/// Handlers that block all threads of their process: nothing else runs there, so that its leases are not renewed. It
/// is as good as frozen, and is dealt with like that.
@Suite(.serialized, .timeLimit(.minutes(2))) struct BlockedThreadsTests {
    private static let lease: Duration = .milliseconds(1500)

    private func survivor(_ redis: Fixture) throws -> Worker {
        var handlers = HandlerRegistry()
        Effects(on: redis.client).register(in: &handlers)
        var configuration = WorkerConfiguration()
        configuration.lease = Self.lease
        configuration.maintenanceInterval = .milliseconds(200)
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration)
    }

    @Test func itsJobsAreDoneElsewhereAndItsOutcomesRefused() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let gate = redis.directory.appending(path: "gate").path
            // Swift has a thread a processor for all tasks.
            let count = ProcessInfo.processInfo.activeProcessorCount + 2
            let blocking = try await queue.enqueue((0..<count).map { _ in try NewJob(Effects.blocking, gate) })
            let others = try await queue.enqueue((0..<20).map { try NewJob(Effects.function, $0) })
            let blocked = try await WorkerProcess.start(
                "blocked", on: redis.server.url, lease: Self.lease, concurrency: count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await blocked.follow() }
                await blocked.log.wait { reports in reports.filter { $0.what == .taken }.count >= count }
                let survivor = try survivor(redis)
                try await withWorker(survivor) {
                    for id in blocking + others { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                }
                #expect(survivor.counters.recovered >= count && survivor.counters.finished == count + others.count)
                for id in blocking {
                    let job = try #require(try await queue.fetch(id))
                    #expect(job.executions == 2 && job.crashes == 1 && job.status == .finished)
                }
                // Now the threads come back, and with them what was to be said.
                #expect(blocked.held == Set(blocking.map(\.text)), "it did something beside")
                #expect(FileManager.default.createFile(atPath: gate, contents: nil))
                blocked.child.signal(.terminate)
                try await group.waitForAll()
            }
            #expect(blocked.child.exitStatus == .exited(0))
            let outcomes = blocked.outcomes(of: Set(blocking.map(\.text)))
            #expect(outcomes.count == count && Set(outcomes).isSubset(of: ["lease lost", "stale"]), "\(outcomes)")
            for id in blocking + others {
                #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "1")
            }
            let effects = try await Effects(on: redis.client).count(of: blocking + others)
            #expect(effects.allSatisfy { $0.fenced == 1 })
        }
    }
}
