import Foundation
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// What a producer and a handler can say, against Python's real rq, both ways.
@Suite(.timeLimit(.minutes(4))) struct ProducerTests {
    struct Resize: Job {
        static let name = "mytasks.resize"

        var path: String
        var width: Int?

        func perform(_ context: JobContext) async throws -> String {
            context.report(progress: 0.5, "half")
            return "\(path)@\(width ?? 100)"
        }
    }

    private func script(_ python: Python, _ redis: Fixture, _ body: String) async throws -> [String] {
        let head = """
            from rq import Callback, Repeat
            from rq.group import Group
            from rq.webhook import Webhook

            """
        return try await python.script(redis, head + body).split(separator: "\n").map(String.init)
    }

    @Test(arguments: Python.all) func whatPythonSaysOurWorkerDoes(_ python: Python) async throws {
        let told = Mutex<[CallbackCall]>([])
        var handlers = HandlerRegistry()
        handlers.register(Resize.self)
        handlers.register("mytasks.tick") { (_: NoArguments, context) in context.attempt }
        handlers.register("mytasks.broken") { (_: NoArguments, _) in throw PermanentFailure("kaputt") }
        handlers.register("mytasks.told") { (call: CallbackCall, _) in told.withLock { $0.append(call) } }
        let registry = handlers
        try await withRedis { redis in
            _ = try await script(
                python, redis,
                """
                q.enqueue('mytasks.resize', 'a.png', width=7, job_id='typed', on_success=Callback('mytasks.told'))
                q.enqueue('mytasks.tick', job_id='repeated', repeat=Repeat(times=2, interval=0))
                q.enqueue('mytasks.broken', job_id='broken', on_failure=Callback('mytasks.told', timeout=5),
                          webhooks=[Webhook('https://hooks.example/x', 'failed', method='POST')])
                q.enqueue('mytasks.resize', 'b', job_id='tolerant',
                          depends_on=Dependency(['broken'], allow_failure=True))
                q.enqueue('mytasks.resize', 'c', job_id='strict', depends_on='broken')
                q.enqueue_in(timedelta(milliseconds=1), 'mytasks.resize', 'd', job_id='scheduled')
                Group.create(connection=redis, name='g').enqueue_many(q, [
                    Queue.prepare_data('mytasks.resize', args=('e',), job_id='grouped')])
                """)
            try await redis.burst(registry)
            // The scheduled one is due in the second that it was given.
            let queue = try redis.queue("q")
            while try await queue.fetch(JobID("scheduled"))?.status != .finished { try await redis.burst(registry) }
            let answer = try await script(
                python, redis,
                """
                for i in ('typed', 'repeated', 'tolerant', 'strict', 'scheduled', 'grouped'):
                    j = fetch(i)
                    print(i, j.get_status().value, j.return_value(), j.meta.get('progress'), j.repeats_left)
                """)
            #expect(
                answer == [
                    "typed finished a.png@7 0.5 None", "repeated finished 3 None 0", "tolerant finished b@100 0.5 None",
                    "strict deferred None None None", "scheduled finished d@100 0.5 None",
                    "grouped finished e@100 0.5 None",
                ])
            let calls = told.withLock { $0 }.sorted { $0.jobID < $1.jobID }
            #expect(calls.map(\.jobID) == ["broken", "typed"] && calls.map(\.kind) == [.failure, .success])
            #expect(try calls.first?.failure == "kaputt" && calls.last?.value(as: String.self) == "a.png@7")
            let group = JobGroup(try GroupName("g"), client: redis.client)
            #expect(try await group.status().finished == 1)
            #expect(try await redis.queue("holdfast.webhooks").counts().queued == 1)
        }
    }

    @Test(arguments: Python.all) func whatWeSayPythonDoes(_ python: Python) async throws {
        try await withRedis { redis in
            try """
            from rq import get_current_job
            def resize(path, width=100):
                job = get_current_job()
                job.meta['progress'] = 0.75
                job.save_meta()
                return f'{path}@{width}'
            def broken(): raise ValueError('kaputt')
            def told(job, connection, *rest): connection.rpush('told', job.id)
            """.write(to: redis.directory.appending(path: "mytasks.py"), atomically: true, encoding: .utf8)
            let queue = try redis.queue("q")
            let typed = try await queue.enqueue(
                Resize(path: "a.png"), .onSuccess("mytasks.told"), .meta("tag", "x"), .unique("once"))
            let child = try await queue.enqueue(Resize(path: "b", width: 7), .after(typed), .group(GroupName("g")))
            let repeated = try await queue.enqueue(Resize(path: "c"), .repeated(2, every: .zero))
            let retried = try await queue.enqueue(
                "mytasks.broken", options: [.retry(.exponential(2, cap: .seconds(1)))])
            let later = try await queue.enqueue(Resize(path: "d"), .delay(.seconds(3600)))
            let before = try await script(
                python, redis,
                """
                j = fetch('\(child)')
                print(j.get_status().value, j.dependency_ids, j.group_id)
                print(redis.smembers(Group.fetch('g', redis).key))
                print(fetch('\(retried)').retries_left, fetch('\(retried)').retry_intervals, fetch('\(typed)').meta)
                print('\(later)' in ScheduledJobRegistry('q', connection=redis).get_job_ids())
                due = ScheduledJobRegistry('q', connection=redis).get_scheduled_time('\(later)')
                print(due.timestamp() > time.time())
                print('\(child)' in DeferredJobRegistry('q', connection=redis).get_job_ids())
                """)
            #expect(
                before == [
                    "deferred ['\(typed)'] g", "{b'\(child)'}", "2 [1, 1] {'tag': 'x'}", "True", "True", "True",
                ])
            while try await queue.fetch(retried)?.status != .failed {
                try await python.work(redis, "q", options: ["--with-scheduler"])
            }
            #expect(try await queue.result(of: typed)?.value() == "a.png@100")
            #expect(try await queue.fetch(typed)?.progress == 0.75)
            #expect(try await queue.result(of: child)?.value() == "b@7")
            #expect(try await queue.fetch(repeated)?.repeatsLeft == 0)
            #expect(try await queue.fetch(retried)?.retriesLeft == 0)
            #expect(try await redis.text("LINDEX", "told", "0") == typed.text)
            // Over, also where Python ran it: the key is free.
            try await queue.enqueue(Resize(path: "e"), .unique("once"))
        }
    }
}
