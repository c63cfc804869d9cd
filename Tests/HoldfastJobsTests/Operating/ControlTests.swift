import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// RQ's commands to a running worker, sent by us and by Python.
@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    /// A worker that runs `wait` (until its gate opens or it is cancelled), `deaf` (which ignores cancellation) and
    /// `echo`.
    private struct Scene {
        let gate = Gate()
        let log = EventLog()
        let worker: Worker

        init(_ redis: Fixture, _ change: (inout WorkerConfiguration) -> Void = { _ in }) throws {
            var configuration = WorkerConfiguration()
            configuration.name = "w"
            configuration.maintenanceInterval = .milliseconds(100)
            change(&configuration)
            let (gate, box) = (gate, CancelCount())
            count = box
            var handlers = HandlerRegistry()
            handlers.register("wait") { (_: NoArguments, _) in
                do { try await gate.pass() } catch {
                    box.add()
                    throw error
                }
            }
            handlers.register("deaf") { (_: NoArguments, _) in
                await withCheckedContinuation { continuation in gate.whenOpen { continuation.resume() } }
            }
            handlers.register("echo") { (text: String, _) in text }
            worker = try Worker(
                queues: [QueueName("q")], client: redis.client, handlers: handlers, configuration: configuration,
                observe: log.observe)
        }

        let count: CancelCount

        func taken(_ count: Int = 1) async {
            await log.wait(for: { if case .taken = $0 { true } else { false } }, count: count)
        }

        func stopped() async { await log.wait(for: { if case .jobStopped = $0 { true } else { false } }) }
    }

    private final class CancelCount: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    private func python(_ redis: Fixture, _ body: String) async throws -> String {
        let head = """
            from redis import Redis
            from rq import Queue, Worker
            from rq.command import send_stop_job_command, send_shutdown_command, send_kill_horse_command
            from rq.job import Job
            from rq.registry import FailedJobRegistry
            redis = Redis(port=\(redis.server.port))

            """
        return try await Python.newest.run("python", ["-c", head + body], in: redis.directory)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Pub/sub is not kept: what is sent before the worker listens is lost.
    private func listening(_ redis: Fixture) async throws {
        while try await redis.client.send(RedisCommand("PUBSUB", "NUMSUB", "rq:pubsub:w")).array?.last?.integer != 1 {
            try await redis.client.runtime.sleep(for: .milliseconds(5))
        }
    }

    private func expectStopped(_ id: JobID, _ redis: Fixture) async throws {
        let queue = try redis.queue("q")
        let job = try #require(try await queue.fetch(id))
        #expect(job.status == .stopped && job.retriesLeft == 3 && job.endedAt != nil)
        let result = try await queue.result(of: id)
        #expect(result?.outcome == .failed && result?.failure == "the job was stopped on request")
        #expect(try await queue.counts().failed == 1)
        #expect(try await queue.counts().started == 0)
    }

    @Test func aStoppedJobEndsForGoodAndTheWorkerGoesOn() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait", options: .init(retry: .init(maximum: 3)))
                await scene.taken()
                try await listening(redis)
                let stops = try await JobAdministration(redis.client).stop(id)
                #expect(stops.map(\.workerName) == ["w"] && stops.map(\.isRecorded) == [true])
                try await expectStopped(id, redis)
                await scene.stopped()
                let echo = try await queue.enqueue("echo", "on")
                #expect(try await queue.wait(for: echo, patience: .seconds(30)).value(as: String.self) == "on")
                let again = await #expect(throws: JobsError.self) { try await JobAdministration(redis.client).stop(id) }
                #expect(again?.code == .wrongState)
            }
            #expect(scene.count.value == 1)
            #expect(scene.worker.counters.stopped == 1 && scene.worker.counters.failed == 0)
        }
    }

    @Test func pythonStopsOurJobAndReadsItAsStopped() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait", options: .init(retry: .init(maximum: 3)))
                await scene.taken()
                try await listening(redis)
                _ = try await python(redis, "send_stop_job_command(redis, '\(id)', serializer='json')")
                await scene.stopped()
                try await expectStopped(id, redis)
                let read = try await python(
                    redis,
                    """
                    j = Job.fetch('\(id)', connection=redis, serializer='json')
                    print(j.get_status().value, j.is_stopped, j.latest_result().exc_string)
                    print(FailedJobRegistry('q', connection=redis).get_job_ids() == ['\(id)'])
                    """)
                #expect(read == "stopped True the job was stopped on request\nTrue")
                // And brings it back, by RQ's own command.
                scene.gate.open()
                _ = try await Python.newest.run(
                    "rq", ["requeue", "-u", redis.server.url, "-S", "json", "--queue", "q", id.text],
                    in: redis.directory)
                await scene.log.wait(for: { if case .finished = $0 { true } else { false } })
                #expect(try await queue.fetch(id)?.status == .finished)
            }
        }
    }

    /// The message may be lost: the record counts, and the next renewal tells the worker.
    @Test func aWorkerThatMissesTheMessageLosesItsLease() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis) { $0.lease = .milliseconds(900) }
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait", options: .init(retry: .init(maximum: 3)))
                await scene.taken()
                let reason = RedisArgument(JobResult.encode(failure: JobAdministration.stopReason))
                try await redis.client.run(
                    JobScripts.stop, keys: [], arguments: ["rq", RedisArgument(id.text), "", 0, reason])
                await scene.log.wait(for: { if case .leaseLost = $0 { true } else { false } })
                try await expectStopped(id, redis)
            }
            #expect(scene.count.value == 1 && scene.worker.counters.finished == 0)
        }
    }

    /// What is published to the worker while `body` does its work.
    private func message(_ redis: Fixture, _ body: () async throws -> Void) async throws -> [UInt8] {
        try await redis.withClient { other in
            let subscriber = other.subscriber()
            var events = subscriber.messages(on: "rq:pubsub:w").makeAsyncIterator()
            while await events.next() != .subscribed {}
            try await body()
            while let event = await events.next() {
                if case .message(let bytes) = event { return bytes }
            }
            throw CancellationError()
        }
    }

    /// The message of a stop may come when the job was requeued and runs again, at the very same worker.
    @Test func aLateStopMessageDoesNotStopTheNextExecution() async throws {
        try await withRedis { redis in
            let administration = JobAdministration(redis.client)
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("wait")
            _ = try await redis.take(from: "q", worker: "w", lease: .seconds(60))
            let late = try await message(redis) {
                let stops = try await administration.stop(id)
                #expect(stops.map(\.isRecorded) == [true])
            }
            try await administration.requeue(id)
            let scene = try Scene(redis)
            try await withWorker(scene.worker) {
                await scene.taken()
                try await listening(redis)
                try await redis.client.send(RedisCommand("PUBLISH", "rq:pubsub:w", RedisArgument(late)))
                // Messages are obeyed one after the other: when this one was, the late one had been.
                let other = try await queue.enqueue("wait")
                await scene.taken(2)
                try await administration.stop(other)
                await scene.stopped()
                // The other one's handler may not have returned yet.
                #expect(scene.worker.running.contains { $0.jobID == id })
                scene.gate.open()
                _ = try await queue.wait(for: id, patience: .seconds(30)).value(as: String?.self)
                #expect(try await queue.fetch(id)?.status == .finished)
            }
            #expect(scene.worker.counters.stopped == 1 && scene.worker.counters.finished == 1)
        }
    }

    /// A stop that finds nothing to stop tells no stop: the execution was ended otherwise.
    @Test func aStopOfAnExecutionThatIsRegisteredNoMoreIsALostLease() async throws {
        try await withRedis { redis in
            // Its renewal would come too late.
            let scene = try Scene(redis) { $0.lease = .seconds(3600) }
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait")
                await scene.taken()
                try await listening(redis)
                try await JobAdministration(redis.client).delete(id, evenIfRunning: true)
                // Its worker is told, by a stop of the execution.
                await scene.log.wait(for: { if case .leaseLost = $0 { true } else { false } })
            }
            #expect(scene.worker.counters.stopped == 0 && scene.count.value == 1)
        }
    }

    /// The next job of a limit may come as soon as the handler has ended, however long the lease is.
    @Test(arguments: [true, false]) func whoEndsOnRequestGivesItsPlaceOn(_ isDeleted: Bool) async throws {
        try await withRedis { redis in
            let scene = try Scene(redis) { $0.lease = .seconds(3600) }
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let ids = try await queue.enqueue(
                    (0..<2).map { _ in try NewJob("wait", options: [.limit("api", concurrency: 1)]) })
                await scene.taken()
                try await listening(redis)
                let administration = JobAdministration(redis.client)
                if isDeleted {
                    try await administration.delete(ids[0], evenIfRunning: true)
                } else {
                    try await administration.stop(ids[0])
                }
                await scene.log.wait(for: { if case .taken(let info) = $0 { info.jobID == ids[1] } else { false } })
                #expect(scene.count.value == 1)
                scene.gate.open()
                _ = try await queue.wait(for: ids[1], patience: .seconds(30))
            }
        }
    }

    /// The same stop twice, since an answer may be lost: recorded once, and recognised.
    @Test func aRepeatedStopIsRecognised() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            try await queue.enqueue("wait")
            let execution = try await redis.take(from: "q", lease: .seconds(60))[0]
            let arguments: [RedisArgument] = [
                "rq", RedisArgument(execution.job.text), RedisArgument(execution.id), 0, "",
            ]
            for _ in 0..<2 {
                let reply = try await redis.client.run(JobScripts.stop, keys: [], arguments: arguments)
                #expect(JobAdministration.stops(reply).map(\.executionID) == [execution.id])
            }
            #expect(try await redis.text("XLEN", RedisArgument("rq:results:\(execution.job)")) == "1")
        }
    }

    /// A handler that does not listen is recorded without it, and what it says later is refused.
    @Test func aDeafHandlersOutcomeIsRefusedAfterTheStop() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("deaf", options: .init(retry: .init(maximum: 3)))
                await scene.taken()
                try await listening(redis)
                try await JobAdministration(redis.client).stop(id)
                await scene.stopped()
                scene.gate.open()
                try await expectStopped(id, redis)
            }
            #expect(scene.worker.counters.finished == 0)
        }
    }

    @Test func killHorseFailsTheExecutionAndSpendsARetry() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait", options: .init(retry: .init(maximum: 1)))
                await scene.taken()
                try await listening(redis)
                _ = try await python(redis, "send_kill_horse_command(redis, 'w')")
                await scene.taken(2)
                #expect(try await JobAdministration(redis.client).failRunning(ofWorker: "w"))
                let result = try await queue.wait(for: id, patience: .seconds(30))
                #expect(result.failure?.contains("kill-horse") == true)
                #expect(try await queue.fetch(id)?.executions == 2)
            }
        }
    }

    @Test func theShutdownCommandEndsTheWorkerInOrder() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("wait")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await scene.worker.run() }
                await scene.taken()
                try await listening(redis)
                _ = try await python(redis, "send_shutdown_command(redis, 'w')")
                while scene.worker.state.withLock({ $0.roster.phase }) == .working {
                    try await redis.client.runtime.sleep(for: .milliseconds(5))
                }
                // What runs may finish.
                scene.gate.open()
                try await group.waitForAll()
            }
            #expect(try await queue.fetch(id)?.status == .finished)
            #expect(try await JobAdministration(redis.client).shutDown(worker: "w") == false)
        }
    }

    @Test func whatIsNoCommandIsIgnored() async throws {
        try await withRedis { redis in
            let scene = try Scene(redis)
            let queue = try redis.queue("q")
            try await withWorker(scene.worker) {
                let id = try await queue.enqueue("wait", options: .init(retry: .init(maximum: 3)))
                await scene.taken()
                try await listening(redis)
                for rubbish in [
                    "", "{", "[]", #"{"command": 1}"#, #"{"command": "stop-job"}"#, #"{"command": "dance"}"#,
                    #"{"command": "stop-job", "job_id": "another"}"#, #"{"command": "stop-job", "job_id": "a:b"}"#,
                    #"{"command": "stop-execution", "job_id": "\#(id)", "execution_id": "other"}"#,
                    #"{"command": "shutdown", "x": "\#(String(repeating: "y", count: 5000))"}"#,
                ] {
                    try await redis.client.send(RedisCommand("PUBLISH", "rq:pubsub:w", RedisArgument(rubbish)))
                }
                let execution = try #require(scene.worker.running.first?.executionID)
                try await redis.client.send(
                    RedisCommand(
                        "PUBLISH", "rq:pubsub:w",
                        RedisArgument(ControlMessage.stopExecution(id, execution).encoded)))
                await scene.stopped()
                try await expectStopped(id, redis)
                #expect(scene.worker.state.withLock { $0.roster.phase } == .working)
            }
        }
    }

    @Test func pythonSuspendsAndResumesAndSoDoWe() async throws {
        try await withRedis { redis in
            let administration = JobAdministration(redis.client)
            func isSuspended() async throws -> String {
                try await python(redis, "from rq.suspension import is_suspended; print(bool(is_suspended(redis)))")
            }
            try await administration.suspend()
            #expect(try await isSuspended() == "True")
            try await administration.resume()
            #expect(try await isSuspended() == "False")
            _ = try await Python.newest.run("rq", ["suspend", "-u", redis.server.url], in: redis.directory)
            #expect(try await JobsOverview.read(redis.client).isSuspended)
        }
    }
}
