import Foundation
import HoldfastCluster
import HoldfastRedis
import Testing

@testable import HoldfastJobs

/// What RQ's users do with a job's whole life, across the border of the languages, with both versions of rq.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InteropTests {
    struct Broken: Error {}
    struct Sum: Decodable { let a: Int, b: Int }

    private func handlers() -> HandlerRegistry {
        var handlers = HandlerRegistry()
        handlers.register("mytasks.add") { (sum: Sum, _) in sum.a + sum.b }
        handlers.register("mytasks.fail") { (_: NoArguments, _) in throw Broken() }
        handlers.register("mytasks.flaky") { (_: NoArguments, context) in
            if context.attempt < 3 { throw Broken() }
            return context.attempt
        }
        return handlers
    }

    private func worker(
        _ redis: Fixture, _ handlers: HandlerRegistry, queues: [String] = ["q"], log: EventLog = EventLog(),
        _ change: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.name = "our-worker"
        configuration.maintenanceInterval = .milliseconds(100)
        change(&configuration)
        return try Worker(
            queues: queues.map { try QueueName($0) }, client: redis.client, handlers: handlers,
            configuration: configuration, observe: log.observe)
    }

    /// The functions that Python's workers find.
    private func writeTasks(_ redis: Fixture) throws {
        try """
        from rq import get_current_job

        def add(a, b=0):
            return a + b

        def fail():
            raise ValueError('kaputt')

        def flaky():
            job = get_current_job()
            job.meta['tries'] = job.meta.get('tries', 0) + 1
            job.save_meta()
            if job.meta['tries'] < 3:
                raise ValueError('not yet')
            return job.meta['tries']
        """.write(to: redis.directory.appending(path: "mytasks.py"), atomically: true, encoding: .utf8)
    }

    @Test(arguments: Python.all) func pythonsJobsLiveTheirLifeOnOurWorker(_ python: Python) async throws {
        try await withRedis { redis in
            _ = try await python.script(
                redis,
                """
                q.enqueue('mytasks.add', 1, b=2, job_id='compressed', meta={'who': 'python'})
                q.enqueue('mytasks.add', 0, 0, job_id='raw')
                redis.hset('rq:job:raw', 'data', '["mytasks.add", null, [3], {"b": 4}]')
                q.enqueue('mytasks.flaky', job_id='flaky', retry=Retry(max=2, interval=[0, 1]))
                q.enqueue('mytasks.fail', job_id='gives-up', retry=Retry(max=1))
                q.enqueue('mytasks.fail', job_id='fail', failure_ttl=1000)
                q.enqueue_in(timedelta(seconds=1), 'mytasks.add', 5, 6, job_id='later')
                q.enqueue('mytasks.add', 7, 8, job_id='after', depends_on='compressed')
                q.enqueue('mytasks.add', 9, 9, job_id='after-both', depends_on=['raw', 'later'])
                q.enqueue('mytasks.add', 1, 1, job_id='after-failure',
                          depends_on=Dependency(jobs=['fail'], allow_failure=True))
                q.enqueue('mytasks.add', 1, 1, job_id='never', depends_on='fail')
                q.enqueue('mytasks.add', 1, 1, job_id='cancelled').cancel()
                q.enqueue('mytasks.add', 4, 4, job_id='front', at_front=True, result_ttl=-1)
                print(ScheduledJobRegistry('q', connection=redis).get_job_ids())
                """)
            let queue = try redis.queue("q")
            let log = EventLog()
            try await withWorker(try worker(redis, handlers(), log: log)) {
                for id in ["flaky", "gives-up", "later", "after", "after-both", "after-failure", "front"] {
                    _ = try await queue.wait(for: try JobID(id), patience: .seconds(60))
                }
            }
            let taken = log.events.compactMap { if case .taken(let info) = $0 { info.jobID.text } else { nil } }
            #expect(taken.first == "front" && !taken.contains("cancelled") && !taken.contains("never"))
            let answer = try await python.script(
                redis,
                """
                for i in ('compressed', 'raw', 'flaky', 'gives-up', 'fail', 'later', 'after', 'after-both',
                          'after-failure', 'front', 'never', 'cancelled'):
                    j = fetch(i)
                    r = j.latest_result()
                    print(i, j.get_status().value, r.type.name if r else None, j.return_value(), j.retries_left)
                print(fetch('compressed').meta, len(fetch('flaky').results()), redis.ttl('rq:job:front'))
                print('Broken' in fetch('fail').latest_result().exc_string, 900 < redis.ttl('rq:job:fail') <= 1000)
                print(fetch('after').worker_name, fetch('after').func_name, fetch('after').args)
                names = lambda R: sorted(R('q', connection=redis).get_job_ids())
                print(names(FailedJobRegistry), names(DeferredJobRegistry), names(CanceledJobRegistry))
                print(names(ScheduledJobRegistry), names(StartedJobRegistry), q.get_job_ids())
                """)
            #expect(
                answer.split(separator: "\n").map(String.init) == [
                    "compressed finished SUCCESSFUL 3 None", "raw finished SUCCESSFUL 7 None",
                    "flaky finished SUCCESSFUL 3 0", "gives-up failed FAILED None 0", "fail failed FAILED None None",
                    "later finished SUCCESSFUL 11 None", "after finished SUCCESSFUL 15 None",
                    "after-both finished SUCCESSFUL 18 None", "after-failure finished SUCCESSFUL 2 None",
                    "front finished SUCCESSFUL 8 None", "never deferred None None None",
                    "cancelled canceled None None None", "{'who': 'python'} 1 -1", "True True",
                    "our-worker mytasks.add [7, 8]", "['fail', 'gives-up'] ['never'] ['cancelled']", "[] [] []",
                ])
        }
    }

    @Test(arguments: Python.all) func ourJobsLiveTheirLifeOnPythonsWorker(_ python: Python) async throws {
        try await withRedis { redis in
            try writeTasks(redis)
            let queue = try redis.queue("q")
            let add = try await queue.enqueue("mytasks.add", 1, keywords: ["b": 2])
            let flaky = try await queue.enqueue(
                "mytasks.flaky", options: .init(retry: .init(maximum: 2), meta: ["who": "swift"]))
            let fail = try await queue.enqueue("mytasks.fail", options: .init(retry: .init(maximum: 1)))
            let front = try await queue.enqueue("mytasks.add", 20, 22, options: .init(atFront: true))
            #expect(try await queue.waiting().first == front)
            try await python.work(redis, "q")
            #expect(try await queue.result(of: add)?.value(as: Int.self) == 3)
            #expect(try await queue.result(of: front)?.value(as: Int.self) == 42)
            #expect(try await queue.result(of: flaky)?.value(as: Int.self) == 3)
            let meta = String(decoding: try #require(try await queue.fetch(flaky)).meta, as: UTF8.self)
            #expect(meta.contains("\"who\": \"swift\"") && meta.contains("\"tries\": 3"), "\(meta)")
            let failure = try #require(try await queue.result(of: fail))
            #expect(failure.outcome == .failed)
            #expect(failure.failure?.contains("Traceback") == true && failure.failure?.contains("ValueError") == true)
            let job = try #require(try await queue.fetch(fail))
            #expect(job.status == .failed && job.retriesLeft == 0)
        }
    }

    @Test(arguments: Python.all) func dependenciesCrossTheBorderBothWays(_ python: Python) async throws {
        try await withRedis { redis in
            try writeTasks(redis)
            // Of each chain the parent runs in one language and the child in the other.
            let ours = try await redis.queue("swift").enqueue(
                "mytasks.add", 1, 2, options: .init(id: try JobID("our-parent")))
            let theirs = try await redis.queue("python").enqueue(
                "mytasks.add", 3, 4, options: .init(id: try JobID("their-parent")))
            _ = try await python.script(
                redis,
                """
                other = lambda name: Queue(name, connection=redis, serializer='json')
                other('python').enqueue('mytasks.add', 5, 6, job_id='their-child', depends_on='our-parent')
                other('swift').enqueue('mytasks.add', 7, 8, job_id='our-child', depends_on='their-parent')
                """)
            #expect(try await redis.queue("swift").counts().deferred == 1)
            try await worker(redis, handlers(), queues: ["swift"]) { $0.burst = true }.run()
            #expect(try await redis.queue("swift").result(of: ours)?.value(as: Int.self) == 3)
            #expect(try await redis.queue("python").waiting() == [theirs, try JobID("their-child")])
            try await python.work(redis, "python")
            #expect(try await redis.queue("python").result(of: theirs)?.value(as: Int.self) == 7)
            #expect(try await redis.queue("python").result(of: try JobID("their-child"))?.value(as: Int.self) == 11)
            #expect(try await redis.queue("swift").waiting() == [try JobID("our-child")])
            try await worker(redis, handlers(), queues: ["swift"]) { $0.burst = true }.run()
            #expect(try await redis.queue("swift").result(of: try JobID("our-child"))?.value(as: Int.self) == 15)
        }
    }

    @Test(arguments: Python.all) func rqsCommandsControlOurWorker(_ python: Python) async throws {
        let gate = Gate()
        var handlers = handlers()
        handlers.register("wait") { (_: NoArguments, _) in try await gate.pass() }
        handlers.register("second-time") { (_: NoArguments, context) in
            // `rq requeue` begins no new life: the executions go on counting.
            if context.token < 2 { throw PermanentFailure("not the first time") }
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let log = EventLog()
            let worker = try worker(redis, registry, log: log)
            let waiting = try await queue.enqueue("wait", options: .init(id: try JobID("stop-me")))
            let failing = try await queue.enqueue("second-time", options: .init(id: try JobID("again")))
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 2)
                #expect(try await queue.wait(for: failing, patience: .seconds(60)).outcome == .failed)
                _ = try await python.script(redis, "send_stop_job_command(redis, 'stop-me', serializer='json')")
                let stopped = try await queue.wait(for: waiting, patience: .seconds(60))
                #expect(stopped.outcome != .successful)
                #expect(try await queue.fetch(waiting)?.status == .stopped)
                let url = ["-u", redis.server.url]
                _ = try await python.run("rq", ["suspend"] + url, in: redis.directory)
                _ = try await python.run(
                    "rq", ["requeue", "--queue", "q", "-S", "json", "again"] + url, in: redis.directory)
                #expect(try await queue.waiting() == [failing])
                _ = try await python.run("rq", ["resume"] + url, in: redis.directory)
                await log.wait(for: { if case .finished = $0 { true } else { false } })
                #expect(try await queue.fetch(failing)?.status == .finished)
                let workers = try await python.script(
                    redis,
                    """
                    w = Worker.all(connection=redis)[0]
                    print(w.name, w.queue_names(), w.successful_job_count, w.failed_job_count, w.get_state())
                    send_shutdown_command(redis, 'our-worker')
                    """)
                // RQ counts what was stopped among the failures.
                #expect(workers == "our-worker ['q'] 1 2 idle")
                await log.wait(for: { $0 == .stopped })
            }
        }
    }
}
