import Foundation
import HoldfastCluster
import HoldfastRedis
import Testing

@testable import HoldfastJobs

/// Both directions against Python's real rq.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PythonTests {
    private func worker(_ redis: Fixture, _ handlers: HandlerRegistry) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.burst = true
        configuration.maintenanceInterval = .milliseconds(100)
        return try Worker(
            queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration)
    }

    @Test(arguments: Python.all) func pythonEnqueuesOurWorkerRunsPythonReads(_ python: Python) async throws {
        struct Sum: Decodable { let a: Int, b: Int }
        struct Answer: Encodable { let sum: Int, text: String }
        var handlers = HandlerRegistry()
        handlers.register("mytasks.add") { (sum: Sum, _) in Answer(sum: sum.a + sum.b, text: "grüße/") }
        handlers.register("mytasks.nothing") { (_: NoArguments, _) in }
        handlers.register("mytasks.fail") { (_: NoArguments, _) in throw PermanentFailure("kaputt 'ü'") }
        let registry = handlers
        try await withRedis { redis in
            let big = String(repeating: "x", count: 3000)
            _ = try await python.script(
                redis,
                """
                q.enqueue('mytasks.add', 1, b=2, job_id='add', result_ttl=1000)
                q.enqueue('mytasks.nothing', job_id='nothing')
                q.enqueue('mytasks.fail', job_id='fail')
                q.enqueue('mytasks.unknown', '\(big)', job_id='unknown')
                q.enqueue('mytasks.add', 5, 6, job_id='child', depends_on='add')
                Queue('q', connection=redis).enqueue('mytasks.add', 1, 2, job_id='pickle')
                """)
            try await worker(redis, registry).run()
            let answer = try await python.script(
                redis,
                """
                f = lambda i: Job.fetch(i, connection=redis, serializer='json')
                for i in ('add', 'nothing', 'fail', 'unknown', 'child', 'pickle'):
                    j = f(i)
                    r = j.latest_result()
                    ok = j.worker_name != '' and j.ended_at >= j.started_at
                    print(i, j.get_status().value, r.type.name, j.return_value(), ok)
                print(f('fail').latest_result().exc_string)
                print(f('pickle').latest_result().exc_string)
                print(sorted(FinishedJobRegistry('q', connection=redis).get_job_ids()))
                print(sorted(FailedJobRegistry('q', connection=redis).get_job_ids()))
                print(StartedJobRegistry('q', connection=redis).count, redis.ttl('rq:job:add') > 900)
                """)
            let lines = answer.split(separator: "\n").map(String.init)
            #expect(
                lines == [
                    "add finished SUCCESSFUL {'sum': 3, 'text': 'grüße/'} True",
                    "nothing finished SUCCESSFUL None True", "fail failed FAILED None True",
                    "unknown failed FAILED None True",
                    "child finished SUCCESSFUL {'sum': 11, 'text': 'grüße/'} True",
                    "pickle failed FAILED None True", "kaputt 'ü'",
                    "the job was enqueued with RQ's pickle serializer, which only Python can read: enqueue it with "
                        + "Queue(..., serializer='json')", "['add', 'child', 'nothing']",
                    "['fail', 'pickle', 'unknown']",
                    "0 True",
                ])
        }
    }

    @Test(arguments: Python.all) func weEnqueuePythonRunsWeRead(_ python: Python) async throws {
        try await withRedis { redis in
            try """
            def add(a, b=0): return {'sum': a + b, 'text': 'grüße'}
            def size(text): return len(text)
            def fail(): raise ValueError('kaputt')
            """.write(to: redis.directory.appending(path: "mytasks.py"), atomically: true, encoding: .utf8)
            let queue = try redis.queue("q")
            let add = try await queue.enqueue("mytasks.add", 1, keywords: ["b": 2])
            let size = try await queue.enqueue("mytasks.size", String(repeating: "ü", count: 5000))
            let fail = try await queue.enqueue("mytasks.fail")
            _ = try await python.run(
                "rq", ["worker", "-S", "json", "--burst", "-u", redis.server.url, "q"], in: redis.directory)
            struct Answer: Decodable { let sum: Int, text: String }
            let answer = try await queue.wait(for: add, patience: .seconds(10)).value(as: Answer.self)
            #expect(answer.sum == 3 && answer.text == "grüße")
            #expect(try await queue.wait(for: size, patience: .seconds(10)).value(as: Int.self) == 5000)
            let failure = try await queue.wait(for: fail, patience: .seconds(10))
            #expect(failure.outcome == .failed && failure.failure?.contains("ValueError: kaputt") == true)
            #expect(try await queue.fetch(fail)?.status == .failed)
        }
    }

    @Test(arguments: Python.all) func rqInfoShowsOurQueuesAndWorkersAndTakesNothingAway(_ python: Python) async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("wait") { (_: NoArguments, context) in
            try await gate.pass()
            return context.attempt
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let ids = try await queue.enqueue([try NewJob("wait"), try NewJob("wait"), try NewJob("wait")])
            var configuration = WorkerConfiguration()
            configuration.name = "our-worker"
            configuration.concurrency = 2
            let log = EventLog()
            let worker = try Worker(
                queues: [QueueName("q"), QueueName("p")], client: redis.client, handlers: registry,
                configuration: configuration, observe: log.observe)
            try await withWorker(worker) {
                await log.wait(for: { if case .taken = $0 { true } else { false } }, count: 2)
                let info = try await python.run("rq", ["info", "-u", redis.server.url], in: redis.directory)
                #expect(info.contains("q            |█ 1, 2 executing, 0 finished, 0 failed"), "\(info)")
                #expect(info.contains("our-worker (") && info.contains("busy q, p."), "\(info)")
                // An execution is recorded once it has lived for a moment.
                try await redis.eventually("SCARD", "rq:worker:our-worker:executions", is: "2")
                let worker = try await python.script(
                    redis,
                    """
                    w = Worker.all(connection=redis)[0]
                    print(w.name, w.get_state(), w.queue_names(), w.successful_job_count, w.birth_date is not None)
                    # 2.12 knows no executions of a worker.
                    print(len(w.get_current_executions() if hasattr(w, 'get_current_executions')
                              else StartedJobRegistry('q', connection=redis).get_job_ids()))
                    """)
                #expect(worker == "our-worker busy ['q', 'p'] 0 True\n2")
                gate.open()
                for id in ids {
                    #expect(try await queue.wait(for: id, patience: .seconds(30)).value(as: Int.self) == 1)
                }
            }
        }
    }

    /// `rq info` sweeps `rq:wip`: it would fail the job of a crashed worker before our repair can requeue it.
    @Test(arguments: Python.all) func rqInfoDoesNotFailTheJobOfACrashedWorker(_ python: Python) async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            _ = try await redis.take(from: "q", lease: .zero)
            _ = try await python.run("rq", ["info", "-u", redis.server.url], in: redis.directory)
            #expect(try await queue.fetch(id)?.status == .started)
            #expect(try await redis.repair("q").map(\.action) == [.requeued])
        }
    }

    /// A Python worker died: its execution's score in `rq:wip` is over, and it has no lease of ours.
    @Test func executionsOfDeadPythonWorkersAreRepaired() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f")
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            let member = RedisArgument("\(id):\(execution.id)")
            try await redis.client.send(RedisCommand("ZREM", "rq:lease:q", member))
            try await redis.client.send(RedisCommand("ZADD", "rq:wip:q", "1000", member))
            #expect(try await redis.repair("q").map(\.action) == [.requeued])
            #expect(try await queue.waiting() == [id])
        }
    }
}
