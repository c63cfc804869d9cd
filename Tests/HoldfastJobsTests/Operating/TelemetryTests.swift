import CoreMetrics
import HoldfastRedis
import HoldfastRuntime
import InMemoryTracing
import MetricsTestKit
import Testing
import Tracing

@testable import HoldfastJobs

/// What metrics tell of real jobs, and that they agree with what happened.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TelemetryTests {
    private func total(_ metrics: TestMetrics, _ name: String, _ dimensions: [(String, String)] = []) throws -> Int64 {
        try metrics.expectCounter("holdfast_job_\(name)", [("queue", "q")] + dimensions).totalValue
    }

    @Test func executionsAreCountedByOutcome() async throws {
        struct Broken: Error {}
        var handlers = HandlerRegistry()
        handlers.register("echo") { (text: String, _) in text }
        handlers.register("broken") { (_: NoArguments, _) in throw Broken() }
        let registry = handlers
        try await withRedis { redis in
            let metrics = TestMetrics()
            let queue = try redis.queue("q")
            try await queue.enqueue("echo", "a")
            try await queue.enqueue("echo", "b")
            try await queue.enqueue("broken", options: .init(retry: .init(maximum: 1)))
            // The execution of a worker that died, for this one to repair.
            try await queue.enqueue("echo", "c")
            _ = try await redis.take(from: "q", lease: .zero)
            var configuration = WorkerConfiguration()
            configuration.burst = true
            configuration.concurrency = 1
            configuration.maintenanceInterval = .milliseconds(50)
            let telemetry = JobTelemetry(metrics: metrics, tracer: NoOpTracer())
            func work() async throws -> WorkerCounters {
                let worker = try Worker(
                    queues: [QueueName("q")], client: redis.client, handlers: registry, configuration: configuration,
                    telemetry: telemetry)
                try await worker.run()
                return worker.counters
            }
            var recovered = 0
            while recovered == 0 { recovered += try await work().recovered }
            _ = try await work()
            #expect(try total(metrics, "executions", [("outcome", "finished")]) == 3)
            #expect(try total(metrics, "executions", [("outcome", "requeued")]) == 1)
            #expect(try total(metrics, "executions", [("outcome", "failed")]) == 1)
            #expect(try total(metrics, "recoveries", [("action", "requeued")]) == 1)
            #expect(try metrics.expectTimer("holdfast_job_recovery_delay_seconds", [("queue", "q")]).values.count == 1)
            #expect(try metrics.expectTimer("holdfast_job_run_seconds", [("queue", "q")]).values.count == 5)
            #expect(try metrics.expectTimer("holdfast_job_wait_seconds", [("queue", "q")]).values.count == 5)
            #expect(try metrics.expectMeter("holdfast_job_running", [("queue", "q")]).lastValue == 0)
        }
    }

    @Test func anExecutionSaysHowLongItWaitedAndRan() async throws {
        let pause = Duration.milliseconds(30)
        var handlers = HandlerRegistry()
        handlers.register("sleep") { (_: NoArguments, context) in try await context.runtime.sleep(for: pause) }
        let (registry, log) = (handlers, EventLog())
        try await withRedis { redis in
            try await redis.queue("q").enqueue([try NewJob("sleep"), try NewJob("sleep")])
            try await redis.client.runtime.sleep(for: pause)
            var configuration = WorkerConfiguration()
            configuration.burst = true
            try await Worker(
                queues: [QueueName("q")], client: redis.client, handlers: registry, configuration: configuration,
                observe: log.observe
            ).run()
            var (waits, runs): ([Duration], [Duration]) = ([], [])
            for event in log.events {
                switch event {
                case .taken(let info): waits.append(try #require(info.waited))
                case .finished(let info): runs.append(try #require(info.ran))
                default: break
                }
            }
            #expect(waits.count == 2 && waits.allSatisfy { $0 >= pause }, "\(waits)")
            #expect(runs.count == 2 && runs.allSatisfy { $0 >= pause }, "\(runs)")
        }
    }

    @Test func aRefusedOutcomeAndALostLeaseAreCountedAndLeaveNothingRunning() throws {
        let metrics = TestMetrics()
        let queue = try QueueName("q")
        let meters = JobMeters(metrics, queues: [queue], runtime: LiveRuntime())
        let info = ExecutionInfo(jobID: try JobID("j"), queue: queue, executionID: "e", attempt: 1, token: 1)
        meters.count(.taken(info))
        #expect(try metrics.expectMeter("holdfast_job_running", [("queue", "q")]).lastValue == 1)
        // Whatever its handler says afterwards, and it may say nothing, the execution ended with its lease.
        meters.count(.leaseLost(info))
        #expect(try metrics.expectMeter("holdfast_job_running", [("queue", "q")]).lastValue == 0)
        meters.count(.finished(info))
        let other = ExecutionInfo(jobID: try JobID("j"), queue: queue, executionID: "f", attempt: 2, token: 2)
        meters.count(.taken(other))
        meters.count(.staleCompletionRefused(other))
        #expect(try total(metrics, "leases_lost") == 1)
        #expect(try total(metrics, "stale_completions_refused") == 1)
        #expect(try total(metrics, "executions", [("outcome", "lost")]) == 1)
        #expect(try total(metrics, "executions", [("outcome", "stale")]) == 1)
        #expect(try total(metrics, "executions", [("outcome", "finished")]) == 0)
        #expect(try metrics.expectMeter("holdfast_job_running", [("queue", "q")]).lastValue == 0)
    }

    @Test func theStoreIsMeasuredWhenSomebodyLooks() async throws {
        try await withRedis { redis in
            let metrics = TestMetrics()
            let queue = try redis.queue("q")
            let meters = StoreMeters(metrics, queues: [queue.name])
            let ids = try await queue.enqueue([try NewJob("f"), try NewJob("f")])
            try await redis.client.send(
                RedisCommand("HSET", RedisArgument("rq:job:\(ids[0])"), "enqueued_at", "2001-09-09T01:46:40Z"))
            try await meters.refresh(redis.client)
            func gauge(_ name: String, _ more: [(String, String)] = []) throws -> Double? {
                try metrics.expectMeter("holdfast_job_\(name)", [("queue", "q")] + more).lastValue
            }
            #expect(try gauge("queue_jobs", [("state", "queued")]) == 2)
            #expect(try gauge("queue_latency_seconds") ?? 0 > 1e8)
            #expect(try gauge("queue_paused") == 0)
            _ = try await redis.take(2, from: "q", lease: .seconds(60))
            try await JobAdministration(redis.client).pause(queue.name)
            try await meters.refresh(redis.client)
            #expect(try gauge("queue_jobs", [("state", "queued")]) == 0)
            #expect(try gauge("queue_jobs", [("state", "started")]) == 2)
            #expect(try gauge("queue_latency_seconds") == 0)
            #expect(try gauge("queue_paused") == 1)
        }
    }

    /// Set up once for the process: others' spans go there too.
    private static let tracer: InMemoryTracer = {
        let tracer = InMemoryTracer()
        InstrumentationSystem.bootstrap(tracer)
        return tracer
    }()

    @Test func theProducersContextIsTheParentOfTheExecutionsSpan() async throws {
        let tracer = Self.tracer
        var handlers = HandlerRegistry()
        handlers.register("f") { (_: NoArguments, _) in
            tracer.startSpan("inner").end()
            throw PermanentFailure("kaputt")
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let request = tracer.startSpan("request")
            let id = try await ServiceContext.withValue(request.context) { try await queue.enqueue("f") }
            request.end()
            let orphan = try await queue.enqueue("f")
            var configuration = WorkerConfiguration()
            configuration.burst = true
            try await Worker(
                queues: [QueueName("q")], client: redis.client, handlers: registry, configuration: configuration,
                telemetry: JobTelemetry(metrics: NOOPMetricsHandler.instance, tracer: tracer)
            ).run()
            func span(_ job: JobID) throws -> FinishedInMemorySpan {
                try #require(
                    tracer.finishedSpans.first {
                        $0.operationName == "holdfast.job.run"
                            && $0.attributes["job.id"]?.toSpanAttribute() == .string(job.text)
                    })
            }
            let run = try span(id)
            #expect(run.traceID == request.traceID && run.parentSpanID == request.spanID && run.kind == .consumer)
            #expect(run.status?.code == .error && run.errors.count == 1)
            #expect(tracer.finishedSpans.contains { $0.operationName == "inner" && $0.parentSpanID == run.spanID })
            #expect(try span(orphan).parentSpanID == nil)
        }
    }
}
