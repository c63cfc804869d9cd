import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// What an operator does to single jobs; the invariants are checked after each test.
@Suite(.timeLimit(.minutes(1))) struct AdministrationTests {
    /// Moves a waiting job into a registry, as the producer of a scheduled or dependent job would have put it.
    private func move(_ id: JobID, to registry: String, _ redis: Fixture) async throws {
        let job = RedisArgument(id.text)
        try await redis.client.send(RedisCommand("LREM", "rq:queue:q", 0, job))
        try await redis.client.send(
            RedisCommand("HSET", RedisArgument("rq:job:\(id)"), "status", RedisArgument(registry)))
        try await redis.client.send(RedisCommand("ZADD", RedisArgument("rq:\(registry):q"), 4_000_000_000, job))
    }

    private func depend(_ child: JobID, on parent: JobID, _ redis: Fixture) async throws {
        try await move(child, to: "deferred", redis)
        try await redis.client.send(
            RedisCommand("SADD", RedisArgument("rq:job:\(parent):dependents"), RedisArgument(child.text)))
        try await redis.client.send(
            RedisCommand("SADD", RedisArgument("rq:job::\(child):dependencies"), RedisArgument(parent.text)))
    }

    private func fail(_ id: JobID, _ redis: Fixture, reason: String = "kaputt") async throws {
        let execution = try #require(try await redis.take(from: "q", lease: .seconds(60)).first)
        #expect(execution.job == id)
        #expect(try await redis.complete([(execution, .failure(reason: reason, retry: .never))]) == ["failed"])
        #expect(try await redis.queue("q").fetch(id)?.status == .failed)
    }

    private func expectRefusal(
        _ code: JobsError.Code, _ words: String, _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("\(words): was not refused")
        } catch {
            let error = error as? JobsError
            #expect(error?.code == code && error?.message.contains(words) == true)
        }
    }

    @Test(arguments: ["queued", "scheduled", "deferred"])
    func aCanceledJobNeverRuns(_ place: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f", options: .init(queueTTL: .seconds(900)))
            if place != "queued" { try await move(id, to: place, redis) }
            let administration = JobAdministration(redis.client)
            try await administration.cancel(id)
            #expect(try await queue.fetch(id)?.status == .canceled)
            #expect(try await queue.counts().canceled == 1)
            #expect(try await redis.take(from: "q", lease: .seconds(60)).isEmpty)
            #expect(try await redis.text("TTL", RedisArgument("rq:job:\(id)")) == "-1")
            await expectRefusal(.wrongState, "is canceled already") {
                try await administration.cancel(id)
            }
        }
    }

    @Test func whatRunsIsNotCanceledAndWhatIsNotThereSaysSo() async throws {
        try await withRedis { redis in
            let id = try await redis.queue("q").enqueue("f")
            let administration = JobAdministration(redis.client)
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            await expectRefusal(.wrongState, "runs: stop it") {
                try await administration.cancel(id)
            }
            await expectRefusal(.wrongState, "runs: stop it first") {
                try await administration.delete(id)
            }
            await expectRefusal(.wrongState, "only failed jobs") {
                try await administration.requeue(id)
            }
            #expect(try await redis.finish(execution, value: "1") == "finished")
            let nobody = try JobID("nobody")
            await expectRefusal(.noSuchJob, "no job nobody") { try await administration.cancel(nobody) }
            await expectRefusal(.noSuchJob, "no job nobody") { try await administration.delete(nobody) }
            await expectRefusal(.noSuchJob, "no job nobody") { try await administration.requeue(nobody) }
            await expectRefusal(.noSuchJob, "no job nobody") { try await administration.stop(nobody) }
        }
    }

    /// Cancelling and taking race: every job goes exactly one way.
    @Test func eachJobIsEitherTakenOrCanceled() async throws {
        try await withRedis { redis in
            let ids = try await redis.queue("q").enqueue((0..<60).map { try NewJob("f", $0) })
            let administration = JobAdministration(redis.client)
            let (taken, canceled) = try await withThrowingTaskGroup(
                of: (Set<JobID>, Set<JobID>).self, returning: (Set<JobID>, Set<JobID>).self
            ) { group in
                for _ in 0..<6 {
                    group.addTask { (Set(try await redis.take(5, from: "q", lease: .seconds(60)).map(\.job)), []) }
                }
                for id in ids.reversed() {
                    group.addTask {
                        do {
                            try await administration.cancel(id)
                            return ([], [id])
                        } catch let error as JobsError where error.code == .wrongState { return ([], []) }
                    }
                }
                return try await group.reduce(into: ([], [])) {
                    $0.0.formUnion($1.0)
                    $0.1.formUnion($1.1)
                }
            }
            #expect(taken.isDisjoint(with: canceled))
            #expect(try await redis.queue("q").counts().queued == 60 - taken.count - canceled.count)
            #expect(try await redis.queue("q").counts().canceled == canceled.count)
        }
    }

    @Test(arguments: [false, true]) func thoseThatWaitForACanceledJobStayOrGoOn(_ free: Bool) async throws {
        // The grandchild waits for what was deleted, as with RQ: it stays among the deferred, to be enqueued by hand.
        try await withRedis(leaving: [.dependency]) { redis in
            let queue = try redis.queue("q")
            let parent = try await queue.enqueue("f")
            let child = try await queue.enqueue("f")
            let grandchild = try await queue.enqueue("f")
            try await depend(child, on: parent, redis)
            try await depend(grandchild, on: child, redis)
            let administration = JobAdministration(redis.client)
            let outcome = try await administration.cancel(parent, enqueueDependents: free)
            #expect(outcome == .init(enqueued: free ? 1 : 0, waiting: free ? 0 : 1))
            #expect(try await queue.fetch(child)?.status == (free ? .queued : .deferred))
            #expect(try await queue.fetch(grandchild)?.status == .deferred)
            // A canceled child is not woken by its parent later.
            try await administration.delete(child)
            #expect(try await redis.text("SCARD", RedisArgument("rq:job:\(parent):dependents")) == "0")
        }
    }

    @Test func aFailedJobIsRequeuedOnceWithItsCrashesForgotten() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            for _ in 0..<2 {
                _ = try await redis.take(from: "q", lease: .zero)
                _ = try await redis.repair("q", crashLimit: 2)
            }
            #expect(try await queue.fetch(id)?.status == .failed)
            let administration = JobAdministration(redis.client)
            let wins = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do { try await administration.requeue(id) } catch { return false }
                        return true
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
            #expect(try await queue.waiting() == [id])
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .queued && job.crashes == 0 && job.startedAt == nil && job.endedAt == nil)
            #expect(try await redis.text("TTL", RedisArgument("rq:job:\(id)")) == "-1")
        }
    }

    @Test func allFailedJobsAreRequeuedInTheirOrderAndThoseThatFailAgainOnlyOnce() async throws {
        // The record that the test takes away leaves its results behind.
        try await withRedis(leaving: [.dangling]) { redis in
            let queue = try redis.queue("q")
            // More than two batches; the first ones are kept for ever, which RQ sorts before all others.
            let ids = try await queue.enqueue(
                (0..<1100).map { try NewJob("f", options: .init(failureTTL: $0 < 3 ? .forever : nil)) })
            var handlers = HandlerRegistry()
            handlers.register("f") { (_: NoArguments, _) in throw PermanentFailure("kaputt") }
            func runAll() async throws {
                var configuration = WorkerConfiguration()
                configuration.burst = true
                configuration.concurrency = 50
                try await Worker(
                    queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration
                ).run()
            }
            try await runAll()
            #expect(try await queue.counts().failed == 1100)
            try await redis.client.send(RedisCommand("DEL", RedisArgument("rq:job:\(ids[7])")))
            let administration = JobAdministration(redis.client)
            let tally = try await administration.requeueFailed(queue.name)
            #expect(tally.requeued == 1099 && tally.vanished == 1)
            #expect(Set(try await queue.waiting(limit: 2000)) == Set(ids).subtracting([ids[7]]))
            #expect(try await queue.counts().failed == 0)
            try await runAll()
            #expect(try await queue.counts().failed == 1099)
            // What failed after the time that applies is passed over, also at the front.
            let reply = try await redis.client.run(
                JobScripts.requeueFailed, keys: [], arguments: ["rq", "q", 10, 0, "2001-01-01T00:00:00.000000Z"])
            #expect(reply.array?.dropFirst().map { $0.integer ?? -1 } == [0, 0, 10])
        }
    }

    @Test func theListOfFailedJobsSaysWhy() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let first = try await queue.enqueue("f")
            try await fail(first, redis, reason: "Traceback:\n  line 1\nValueError: kaputt\n\n")
            let second = try await queue.enqueue("f")
            try await fail(second, redis, reason: "later")
            let jobs = try await JobAdministration(redis.client).failed(queue.name)
            #expect(Set(jobs.map(\.id)) == [first, second])
            let known = try #require(jobs.first { $0.id == first })
            #expect(known.reason == "ValueError: kaputt" && known.description == "f()" && known.endedAt != nil)
            #expect(try await JobAdministration(redis.client).failed(queue.name, limit: 1, offset: 1).count == 1)
        }
    }

    @Test(arguments: ["queued", "scheduled", "deferred", "failed", "finished"])
    func aDeletedJobLeavesNothing(_ place: String) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            switch place {
            case "queued": break
            case "failed": try await fail(id, redis)
            case "finished":
                let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
                #expect(try await redis.finish(execution, value: "1") == "finished")
            default: try await move(id, to: place, redis)
            }
            try await JobAdministration(redis.client).delete(id)
            #expect(try await queue.fetch(id) == nil)
            #expect(try await redis.keys(like: "*\(id)*").isEmpty)
            let counts = try await queue.counts()
            #expect(counts.queued + counts.scheduled + counts.deferred + counts.failed + counts.finished == 0)
        }
    }

    /// Neither a user without channels nor a key that is something else stops a deletion in the middle, which would
    /// leave the job in no list.
    @Test func whatCannotBeUsedKeepsNoJobFromBeingDeletedWhileItRuns() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            _ = try await redis.take(from: "q", lease: .seconds(60))
            try await redis.client.send(
                RedisCommand("ACL", "SETUSER", "quiet", "on", ">secret", "~*", "+@all", "resetchannels"))
            var configuration = redis.client.configuration
            (configuration.username, configuration.password) = ("quiet", "secret")
            let client = RedisClient(configuration, scripts: JobScripts.all)
            try await redis.client.send(RedisCommand("DEL", "rq:lease:q"))
            try await redis.client.send(RedisCommand("SET", "rq:lease:q", "something else"))
            try await JobAdministration(client).delete(id, evenIfRunning: true)
            await client.close()
            try await redis.client.send(RedisCommand("DEL", "rq:lease:q"))
            #expect(try await redis.keys(like: "*\(id)*").isEmpty)
            #expect(try await queue.counts().started == 0)
        }
    }

    @Test func aRunningJobThatIsDeletedEvenSoHasNoOutcome() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            try await JobAdministration(redis.client).delete(id, evenIfRunning: true)
            #expect(try await redis.finish(execution, value: "1") == "stale")
            #expect(try await redis.keys(like: "*\(id)*").isEmpty)
        }
    }
}

extension Fixture {
    func keys(like pattern: String) async throws -> [String] {
        (try await client.send(RedisCommand("KEYS", RedisArgument(pattern))).array ?? []).compactMap(\.text)
    }
}
