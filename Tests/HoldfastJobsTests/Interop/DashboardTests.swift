import HoldfastCluster
import HoldfastRedis
import RedisFixture
import Testing

@testable import HoldfastJobs

/// rq-dashboard, over HTTP, on our queues: its pages of queues, of every registry and of single jobs.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DashboardTests {
    @Test(arguments: Python.all) func itsPagesReadOurQueues(_ python: Python) async throws {
        var handlers = HandlerRegistry()
        handlers.register("mytasks.add") { (numbers: [Int], _) in numbers.reduce(0, +) }
        handlers.register("mytasks.fail") { (_: NoArguments, _) in throw PermanentFailure("kaputt") }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue("mytasks.add", 1, 2, options: .init(id: try JobID("done"), meta: ["a": 1]))
            try await queue.enqueue("mytasks.fail", options: .init(id: try JobID("broken")))
            var configuration = WorkerConfiguration()
            configuration.burst = true
            try await Worker(
                queues: [queue.name], client: redis.client, handlers: registry, configuration: configuration
            ).run()
            try await queue.enqueue("mytasks.add", 3, 4, options: .init(id: try JobID("waiting")))
            try await queue.enqueue("mytasks.add", 5, 6, options: .init(id: try JobID("running"), atFront: true))
            _ = try await redis.take(from: "q", lease: .seconds(600))
            let port = try freePort()
            let answer = try await python.script(
                redis,
                """
                import os, subprocess, urllib.error, urllib.request
                program = os.path.join(os.path.dirname(sys.executable), 'rq-dashboard')
                server = subprocess.Popen(
                    [program, '-b', '127.0.0.1', '-p', '\(port)', '-u', '\(redis.server.url)', '--json'],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                def get(path):
                    return urllib.request.urlopen('http://127.0.0.1:\(port)' + path, timeout=30).read().decode()
                try:
                    for _ in range(600):
                        try:
                            get('/')
                            break
                        except urllib.error.URLError:
                            assert server.poll() is None, 'rq-dashboard has ended'
                            time.sleep(0.1)
                    names = ('queued', 'started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled')
                    row = json.loads(get('/0/data/queues.json'))['queues'][0]
                    print(row['name'], row['count'], row['queued_url'] != '')
                    for name in names:
                        jobs = json.loads(get(f'/0/data/jobs/q/{name}/10/asc/1.json'))['jobs']
                        print(name, [(j['id'], j['description']) for j in jobs])
                        assert '<html' in get(f'/0/view/jobs/q/{name}/10/asc/1')
                    for id in ('done', 'broken', 'waiting'):
                        job = json.loads(get(f'/0/data/job/{id}.json'))
                        print(id, job['status'], job['origin'], job['result'], 'kaputt' in str(job['exc_info']))
                        assert id in get(f'/0/view/job/{id}')
                finally:
                    server.kill()
                    server.wait()
                """)
            #expect(
                answer.split(separator: "\n").map(String.init) == [
                    "q 1 True", "queued [('waiting', 'mytasks.add(3, 4)')]",
                    "started [('running', 'mytasks.add(5, 6)')]", "finished [('done', 'mytasks.add(1, 2)')]",
                    "failed [('broken', 'mytasks.fail()')]", "deferred []", "scheduled []", "canceled []",
                    "done finished q 3 False", "broken failed q None True", "waiting queued q None False",
                ], "\(answer)")
        }
    }
}
