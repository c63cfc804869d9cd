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
    /// Enqueues 10,000 jobs as a foreign producer might, at the server: what is measured is the worker.
    /// KEYS: none. ARGV: the function's name, the number of the first job. Returns nothing.
    private static let produce = RedisScript(
        name: "produce",
        """
        redis.call('SADD', 'rq:queues', 'rq:queue:q')
        for number = tonumber(ARGV[2]), tonumber(ARGV[2]) + 9999 do
          redis.call('HSET', 'rq:job:m' .. number, 'data', '["' .. ARGV[1] .. '", null, [' .. number .. '], {}]',
            'origin', 'q', 'status', 'queued', 'timeout', '180', 'result_ttl', '86400')
          redis.call('RPUSH', 'rq:queue:q', 'm' .. number)
        end
        """)

    @Test func aMillionWaitingJobsDoNotGrowAWorker() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let process = try await WorkerProcess.start("worker", on: redis.server.url, lease: .seconds(15))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await process.follow() }
                func finish(_ count: Int) async throws {
                    while try await queue.counts().finished < count {
                        try await queue.client.runtime.sleep(for: .milliseconds(100))
                    }
                }
                func enqueue(_ batch: Int) async throws {
                    try await redis.client.run(
                        Self.produce, keys: [],
                        arguments: [RedisArgument(Effects.function), RedisArgument(batch * 10_000)])
                }
                try await enqueue(0)
                try await finish(9000)
                let small = try resident(process.child.pid)
                for batch in 1...100 { try await enqueue(batch) }
                try await finish(20_000)
                let large = try resident(process.child.pid)
                #expect(large - small <= 10 << 20, "\(small) bytes with 1 k jobs waiting, \(large) with 1 M")
                process.child.signal(.terminate)
                try await group.waitForAll()
            }
            #expect(process.child.exitStatus == .exited(0))
            let counts = try await queue.counts()
            #expect(counts.queued + counts.finished == 1_010_000 && counts.started == 0, "\(counts)")
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
