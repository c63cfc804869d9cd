import Glibc
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Synchronization
import Testing

@testable import HoldfastJobs

/// A worker's events account for every execution: what was taken ends in exactly one of them, whatever becomes of
/// Redis meanwhile.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AccountTests {
    struct Broken: Error {}

    private static func handlers() -> HandlerRegistry {
        var handlers = HandlerRegistry()
        // Some listen to their cancellation, some do not; some are longer than the lease, some are none.
        handlers.register("listens") { (milliseconds: Int, context) in
            try await context.runtime.sleep(for: .milliseconds(Int64(milliseconds)))
        }
        handlers.register("deaf") { (milliseconds: Int, context) in
            let end = context.runtime.now.advanced(by: .milliseconds(Int64(milliseconds)))
            while context.runtime.now < end { await Task.yield() }
        }
        handlers.register("fails") { (_: Int, _) in throw Broken() }
        return handlers
    }

    private func worker(_ redis: Fixture, _ log: EventLog) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.concurrency = 6
        configuration.lease = .milliseconds(600)
        configuration.maintenanceInterval = .milliseconds(100)
        configuration.crashLimit = 100
        configuration.grace = .zero
        configuration.unwinding = .milliseconds(50)
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: Self.handlers(), configuration: configuration,
            observe: log.observe)
    }

    private func jobs(_ round: Int) throws -> [NewJob] {
        try (0..<40).map { number in
            let options = JobOptions(
                id: try JobID("r\(round)-\(number)"), retry: .init(maximum: 50, intervals: [.milliseconds(200)]))
            return switch number % 4 {
            case 0: try NewJob("listens", [0, 5, 300, 1500][number / 4 % 4], options: options)
            case 1: try NewJob("deaf", [1, 50][number / 4 % 2], options: options)
            case 2: try NewJob("fails", 0, options: options)
            default: try NewJob("listens", 0, options: options)
            }
        }
    }

    @Test func everyTakenExecutionEndsInOneEvent() async throws {
        try await withRedis { redis in
            let log = EventLog()
            let worker = try worker(redis, log)
            try await withWorker(worker) {
                for round in 0..<8 {
                    try await supply(try jobs(round), redis)
                    let taken = worker.counters.taken
                    await log.wait(for: { if case .taken = $0 { true } else { false } }, count: taken + 10)
                    // Down for less than a lease, or until leases have run out here: of one at least that runs, or
                    // waits to, longer than that.
                    let lost = worker.counters.leasesLost
                    if round.isMultiple(of: 2) {
                        let long = try JobID("long-\(round)")
                        try await supply([try NewJob("listens", 3000, options: JobOptions(id: long))], redis)
                        await log.wait(for: { if case .taken(let info) = $0 { info.jobID == long } else { false } })
                    }
                    Glibc.kill(try #require(redis.server.pid), SIGKILL)
                    if round.isMultiple(of: 2) {
                        await log.wait(for: { if case .leaseLost = $0 { true } else { false } }, count: lost + 1)
                    }
                    try await redis.server.restart()
                }
                // What runs is given back, what is over is not.
                worker.shutdown(atOnce: true)
            }
            let account = Account(log.events)
            #expect(account.taken.count > 80)
            #expect(account.wrong.isEmpty, "\(account.wrong)")
            // The rare ends have been seen, so that the test says something of them.
            let counters = worker.counters
            #expect(counters.leasesLost > 0 && counters.returned > 0 && counters.failed > 0, "\(counters)")
            try await redis.client.send(RedisCommand("FLUSHALL"))
        }
    }

    private func supply(_ jobs: [NewJob], _ redis: Fixture) async throws {
        while true {
            do {
                _ = try await redis.queue("q").enqueue(jobs)
                return
            } catch let error as JobsError where error.code == .alreadyLive {
                return
            } catch let error as JobsError where error.code == .redis {
                try await redis.client.runtime.sleep(for: .milliseconds(20))
            }
        }
    }
}

/// How often each execution was taken, and how it ended.
struct Account {
    var taken: [String: Int] = [:]
    var ends: [String: [String]] = [:]

    init(_ events: [WorkerEvent]) {
        for event in events {
            switch event {
            case .taken(let info): taken[info.executionID, default: 0] += 1
            case .finished(let info): ends[info.executionID, default: []].append("finished")
            case .failed(let info, _, _): ends[info.executionID, default: []].append("failed")
            case .jobStopped(let info): ends[info.executionID, default: []].append("stopped")
            case .leaseLost(let info): ends[info.executionID, default: []].append("lease lost")
            case .staleCompletionRefused(let info): ends[info.executionID, default: []].append("stale")
            case .outcomeDropped(let info, _): ends[info.executionID, default: []].append("dropped")
            case .returned(let info): ends[info.executionID, default: []].append("returned")
            case .started, .stopped, .recovered, .skipped, .troubled: break
            }
        }
    }

    /// Executions that do not have exactly one beginning and one end.
    var wrong: [String: [String]] {
        Set(taken.keys).union(ends.keys).reduce(into: [:]) { wrong, id in
            if taken[id] != 1 || ends[id]?.count != 1 { wrong[id] = ends[id] ?? [] }
        }
    }
}
