import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// Cron on a real store: however many schedulers run, a tick makes one job.
@Suite(.timeLimit(.minutes(2))) struct CronTests {
    private func entry(
        _ name: String = "report", _ line: String = "@every 1s", _ options: JobOptions = []
    ) throws -> CronEntry {
        return try CronEntry(
            name, CronSchedule(line), queue: QueueName("q"), NewJob("tasks.report", 1, options: options))
    }

    /// Makes an entry due at that Unix second.
    private func makeDue(_ redis: Fixture, _ second: Int, _ name: String = "report") async throws {
        try await redis.client.send(
            RedisCommand("ZADD", "rq:hf:cron:next", RedisArgument(second), RedisArgument(name)))
    }

    /// Runs schedulers beside `body`, and ends them after it.
    private func withSchedulers(
        _ schedulers: [CronScheduler], _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for scheduler in schedulers { group.addTask { try await scheduler.run() } }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    @Test func twoSchedulersEnqueueEachTickOnce() async throws {
        try await withRedis { redis in
            let events = Mutex<[CronEvent]>([])
            let queue = try redis.queue("q")
            let entry = try entry()
            try await redis.withClient { other in
                let schedulers = [redis.client, other].map { client in
                    CronScheduler([entry], client: client) { event in events.withLock { $0.append(event) } }
                }
                try await withSchedulers(schedulers) {
                    while try await queue.counts().queued < 4 {
                        try await redis.client.runtime.sleep(for: .milliseconds(20))
                    }
                }
            }
            let ids = try await queue.waiting()
            let enqueued = events.withLock { events in
                events.compactMap { event -> JobID? in
                    if case .enqueued(_, let job, _) = event { job } else { nil }
                }
            }
            #expect(Set(enqueued).count == enqueued.count && enqueued.sorted { $0.text < $1.text } == ids)
            #expect(try await redis.text("ZCARD", "rq:cron_job:report:jobs") == "\(ids.count)")
            #expect(try await redis.text("ZSCORE", "rq:cron_jobs", "report") != nil)
            let job = try #require(try await queue.fetch(ids[0]))
            #expect(job.description == "tasks.report(1)" && job.status == .queued)
            #expect(try job.payload() == JobPayload(function: "tasks.report", arguments: [1]))
        }
    }

    @Test func anElectedSchedulerWorksAndTheOtherTakesOver() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all)
            let nodes = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(nodes)
            let locks = try await LockCluster.connect(nodes)
            let queue = try Queue("q", client: client)
            let entry = try entry()
            let working = Mutex(0)
            @Sendable func scheduler() -> CronScheduler {
                CronScheduler([entry], client: client, locks: locks) { event in
                    if event == .working { working.withLock { $0 += 1 } }
                }
            }
            @Sendable func wait(for count: Int) async throws {
                while try await queue.counts().queued < count {
                    try await client.runtime.sleep(for: .milliseconds(20))
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let first = scheduler(), second = scheduler()
                group.addTask {
                    try await withSchedulers([first]) { try await wait(for: 1) }
                }
                try await wait(for: 1)
                group.addTask {
                    try await withSchedulers([second]) { try await wait(for: 3) }
                }
                try await group.waitForAll()
            }
            #expect(working.withLock { $0 } == 2)
            await locks.close()
            await client.close()
        }
    }

    private func tick(
        _ redis: Fixture, due: Int, by script: RedisScript = JobScripts.cronTick
    ) async throws -> String? {
        let stored = try #require(try await CronTable(client: redis.client).entries().first)
        let arguments =
            ["rq", "report", stored.json, String(due), String(due + 60), "q", "report-\(due)", stored.placement]
            + stored.fields.flatMap { $0 }
        return try await redis.client.run(script, keys: [], arguments: arguments.map { RedisArgument($0) }).text
    }

    private func runAll(_ redis: Fixture) async throws -> Int {
        var handlers = HandlerRegistry()
        let runs = Mutex(0)
        handlers.register("tasks.report") { (_: Int, _) in runs.withLock { $0 += 1 } }
        try await redis.burst(handlers)
        return runs.withLock { $0 }
    }

    /// The second scheduler comes when the job of the tick has long run.
    @Test func aTickIsHadOnceHoweverLateTheOtherComes() async throws {
        try await withRedis { redis in
            try await CronTable(client: redis.client).define(entry("report", "0 0 1 1 *"))
            try await makeDue(redis, 600)
            #expect(try await tick(redis, due: 600) == "enqueued")
            #expect(try await runAll(redis) == 1)
            #expect(try await tick(redis, due: 600) == "taken")
            #expect(try await runAll(redis) == 0)
        }
    }

    @Test func withoutTheGuardItIsHadTwice() async throws {
        #expect(JobScripts.cronTick.source.contains(JobScripts.tickGuard))
        let mutant = RedisScript(
            name: "mutant", JobScripts.cronTick.source.replacing(JobScripts.tickGuard, with: "-- no guard"))
        try await withRedis { redis in
            try await CronTable(client: redis.client).define(entry("report", "0 0 1 1 *"))
            try await makeDue(redis, 600)
            #expect(try await tick(redis, due: 600, by: mutant) == "enqueued")
            #expect(try await runAll(redis) == 1)
            #expect(try await tick(redis, due: 600, by: mutant) == "enqueued")
            #expect(try await runAll(redis) == 1)
        }
    }

    @Test func missedTicksAreMadeUpForByOneJob() async throws {
        try await withRedis { redis in
            let entry = try entry("report", "0 * * * *")
            let events = Mutex<[CronEvent]>([])
            try await CronTable(client: redis.client).define(entry)
            try await makeDue(redis, 3600)
            let scheduler = CronScheduler([entry], client: redis.client) { event in events.withLock { $0.append(event) }
            }
            let queue = try redis.queue("q")
            try await withSchedulers([scheduler]) {
                while try await queue.counts().queued == 0 {
                    try await redis.client.runtime.sleep(for: .milliseconds(10))
                }
            }
            // Decades of ticks; one job, of the first of them; the next one is to come.
            #expect(try await queue.waiting() == [JobID("report-3600")])
            let stored = try #require(try await scheduler.table.entries().first)
            #expect(try #require(stored.due) > redis.client.runtime.wallTime)
            #expect(stored.lastEnqueued != nil && stored.job == "tasks.report(1)" && stored.queue.text == "q")
        }
    }

    @Test func aTickIsLeftOutWhileTheJobOfTheOneBeforeIsLive() async throws {
        try await withRedis { redis in
            try await CronTable(client: redis.client).define(entry("report", "0 0 1 1 *", [.unique("report")]))
            try await makeDue(redis, 600)
            #expect(try await tick(redis, due: 600) == "enqueued")
            try await makeDue(redis, 660)
            #expect(try await tick(redis, due: 660) == "live")
            #expect(try await redis.text("ZSCORE", "rq:hf:cron:next", "report") == "720")
            #expect(try await redis.queue("q").counts().queued == 1)
        }
    }

    @Test func aRestartNeitherDropsNorMovesATickAndAChangeDoes() async throws {
        try await withRedis { redis in
            let table = CronTable(client: redis.client)
            try await table.define(entry("report", "0 0 1 1 *"))
            try await makeDue(redis, 600)
            try await table.define(entry("report", "0 0 1 1 *", [.timeout(.seconds(5))]))
            #expect(try await redis.text("ZSCORE", "rq:hf:cron:next", "report") == "600")
            try await table.define(entry("report", "0 0 2 1 *"))
            #expect(try await table.entries()[0].due ?? WallTime(microseconds: 0) > redis.client.runtime.wallTime)
            #expect(try await table.remove("report"))
            #expect(try await table.remove("report") == false)
            #expect(try await table.entries().isEmpty)
            #expect(try await redis.text("DBSIZE") == "0")
        }
    }

    @Test func anEntryThatNobodyCanReadDoesNotStopTheOthers() async throws {
        try await withRedis { redis in
            let events = Mutex<[CronEvent]>([])
            try await redis.client.send(RedisCommand("HSET", "rq:hf:cron", "bad", "{"))
            try await makeDue(redis, 1, "bad")
            let queue = try redis.queue("q")
            let scheduler = CronScheduler([try entry()], client: redis.client) { event in
                events.withLock { $0.append(event) }
            }
            try await withSchedulers([scheduler]) {
                while try await queue.counts().queued == 0 {
                    try await redis.client.runtime.sleep(for: .milliseconds(10))
                }
            }
            let unreadable = events.withLock { events in
                events.contains { if case .unreadable(let error) = $0 { error.message.contains("bad") } else { false } }
            }
            #expect(unreadable)
        }
    }

    @Test(
        arguments: [[.id(JobID(unchecked: "a"))], [.delay(.seconds(1))], [.after(JobID(unchecked: "a"))]]
            as [JobOptions])
    func refusesOptionsThatMakeNoSense(_ options: JobOptions) {
        #expect { try entry("a", "@daily", options) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    @Test(arguments: ["", "a b", "a:b", String(repeating: "x", count: 129)]) func refusesNames(_ name: String) {
        #expect { try entry(name) } throws: { ($0 as? JobsError)?.code == .invalid }
    }

    /// A moment before an entry is due it is the next one, however Lua writes that moment.
    @Test func theNextEntryIsFoundAMomentBeforeItIsDue() async throws {
        let moment = RedisScript(
            name: "moment",
            JobScripts.cronDue.source.replacing("redis.call('TIME')", with: "{ '1795397673', '999970' }"))
        try await withRedis { redis in
            try await CronTable(client: redis.client).define(entry())
            try await makeDue(redis, 1_795_397_674)
            let reply = try await redis.client.run(moment, keys: [], arguments: ["rq", 10])
            #expect(reply.array?.compactMap(\.text) == ["1795397673.999970", "1795397674"])
        }
    }

    /// An entry's job may have a limit like any other.
    @Test func aTickObeysALimit() async throws {
        try await withRedis { redis in
            let entry = try entry("report", "@every 1h", [.limit("api", concurrency: 1)])
            try await CronTable(client: redis.client).define(entry)
            for second in [3600, 7200] {
                try await makeDue(redis, second)
                let log = Log<CronEvent>()
                try await withSchedulers([CronScheduler(client: redis.client, observe: log.observe)]) {
                    await log.wait(for: { if case .enqueued = $0 { true } else { false } })
                }
            }
            let limits = try await JobAdministration(redis.client).limits()
            #expect(limits.first?.allowed == 1 && limits.first?.waiting == 1)
            #expect(try await redis.queue("q").waiting() == [JobID("report-3600")])
        }
    }
}
