import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime
import JobFaults
import Testing

@testable import HoldfastJobs

/// Workers in processes of their own are killed and frozen at the moments between which work could be lost or done
/// twice, while another one works on; then everything that is left is judged.
@Suite(.serialized, .timeLimit(.minutes(5))) struct KillTests {
    private static let lease: Duration = .seconds(2)

    /// The moments, by kind; each round strikes at one of every kind.
    private static let points: [[String]] = [
        // After the take: it is known, answered, or only sent.
        [Points.taken, "take:answered", "take:sent"],
        // While it runs.
        [Points.running],
        // After the effect, and before anything of the completion has left.
        [Points.effected, "complete:unsent"],
        // During the completion.
        ["complete:sent", "complete:answered"],
    ]

    private func survivor(_ redis: Fixture) throws -> Worker {
        var handlers = HandlerRegistry()
        Effects(on: redis.client).register(in: &handlers)
        var configuration = WorkerConfiguration()
        configuration.name = "survivor"
        configuration.lease = Self.lease
        configuration.maintenanceInterval = .milliseconds(200)
        configuration.crashLimit = 20
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration)
    }

    @Test(arguments: Battery.rounds(short: 3, long: 50))
    func killedWorkersLoseNothingAndDoubleNothing(_ round: Int) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let survivor = try survivor(redis)
            var killed: [WorkerProcess] = []
            for (index, kind) in Self.points.enumerated() {
                let process = try await WorkerProcess.start(
                    "killed-\(index)", on: redis.server.url, lease: Self.lease, at: kind[round % kind.count],
                    visit: 1 + (round / 2 + index) % 6, blow: .kill)
                killed.append(process)
            }
            let processes = killed
            let ids = try await withWorker(survivor) {
                let ids = try await supply(queue, while: processes)
                for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                return ids
            }
            for process in processes {
                #expect(process.child.exitStatus == .signalled(9) && process.struck != nil, "\(process.name)")
            }
            // A record of a worker that died stays listed until it expires; whoever maintains then forgets it.
            _ = try await redis.repair("q")
            let jobs = try await judge(ids, redis)
            #expect(jobs.reduce(0) { $0 + $1.crashes } >= 3, "the kills took no job away")
            if Battery.isLong { judgeRecovery(of: jobs, after: processes) }
        }
    }

    /// Keeps jobs waiting until every process has struck itself.
    private func supply(_ queue: Queue, while processes: [WorkerProcess]) async throws -> [JobID] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in processes { group.addTask { try await process.follow() } }
            var ids: [JobID] = []
            while processes.contains(where: { $0.child.isRunning }) {
                if try await queue.counts().queued < 60 {
                    let first = ids.count
                    ids += try await queue.enqueue((first..<first + 40).map { try NewJob(Effects.function, $0) })
                }
                try await queue.client.runtime.sleep(for: .milliseconds(20))
            }
            try await group.waitForAll()
            return ids
        }
    }

    /// Every job finished once, with one result and one fenced effect, in no more executions than are allowed.
    @discardableResult
    private func judge(_ ids: [JobID], _ redis: Fixture) async throws -> [JobRecord] {
        let queue = try redis.queue("q")
        let counts = try await queue.counts()
        #expect(counts.finished == ids.count && counts.queued == 0 && counts.started == 0 && counts.failed == 0)
        var jobs: [JobRecord] = []
        for (number, id) in ids.enumerated() {
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .finished && job.executions <= 20 && job.crashes < 20)
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(id)")) == "1")
            #expect(try await queue.result(of: id)?.value(as: Int.self) == number)
            jobs.append(job)
        }
        let effects = try await Effects(on: redis.client).count(of: ids)
        #expect(effects.allSatisfy { $0.fenced == 1 }, "a fenced effect happened not exactly once")
        // What fencing is for: by itself, an effect happens again with the job.
        #expect(effects.contains { $0.bare > 1 }, "no job was struck after its effect")
        return jobs
    }

    /// The jobs that a killed worker held run again within the lease and two seconds.
    private func judgeRecovery(of jobs: [JobRecord], after processes: [WorkerProcess]) {
        let allowed = (Self.lease + .seconds(2)).milliseconds * 1000
        for process in processes {
            guard let struck = process.struck else { continue }
            let held = process.held
            for job in jobs where held.contains("\(job.id)") && job.crashes == 1 {
                let again = (job.startedAt?.microseconds ?? .max) - struck.microseconds
                #expect(again <= allowed, "\(job.id) of \(process.name) ran again \(again / 1000) ms later")
            }
        }
    }

    @Test(arguments: [Points.running, Points.effected, "complete:unsent"])
    func frozenWorkersAreRefusedWhenTheyWake(_ point: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue((0..<40).map { try NewJob(Effects.function, $0) })
            let frozen = try await WorkerProcess.start(
                "frozen", on: redis.server.url, lease: Self.lease, at: point, visit: 3, blow: .stop)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let status = try await frozen.follow()
                    #expect(status == .exited(0))
                }
                await frozen.log.wait(for: WorkerProcess.isBlow)
                let held = frozen.held
                #expect(!held.isEmpty)
                let survivor = try survivor(redis)
                try await withWorker(survivor) {
                    for id in ids { _ = try await queue.wait(for: id, patience: .seconds(60)) }
                }
                // It ends once it has told of everything that it held.
                frozen.child.signal(.resume)
                frozen.child.signal(.terminate)
                try await group.waitForAll()
                let outcomes = frozen.outcomes(of: held)
                // What the server had recorded before the freeze is finished, and read only now.
                #expect(Set(outcomes).isSubset(of: ["stale", "lease lost", "finished"]), "\(outcomes)")
                let lost = outcomes.count { $0 != "finished" }
                #expect(lost > 0 && survivor.counters.recovered >= lost, "\(outcomes)")
                // Its completion was on its way when it froze: it comes late, is refused and counted.
                if point == "complete:unsent" { #expect(outcomes.contains("stale"), "\(outcomes)") }
            }
            let jobs = try await judge(ids, redis)
            #expect(jobs.allSatisfy { $0.workerName != "frozen" || $0.crashes == 0 }, "it has overwritten a job")
        }
    }
}
