import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// What a handler says about its job while it runs.
@Suite(.timeLimit(.minutes(1))) struct MetaTests {
    @Test func progressIsSeenWhileItRunsAndMetaOfTheProducerStays() async throws {
        let gate = Gate()
        var handlers = HandlerRegistry()
        handlers.register("slow") { (_: NoArguments, context) in
            context.report(progress: 0.25, "1 of 4 pages")
            try context.setMeta("owner", ["name": "me"])
            try await gate.pass()
            context.report(progress: 7)
            #expect(try await context.meta("tag", as: String.self) == "x")
            #expect(try await context.meta("progress", as: Double.self) == 1)
            #expect(try await context.meta("none", as: Double.self) == nil)
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("slow", options: [.meta("tag", "x"), .meta("list", [1, 2])])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await redis.burst(registry) }
                while try await queue.fetch(id)?.progress != 0.25 {
                    try await redis.client.runtime.sleep(for: .milliseconds(10))
                }
                let running = try #require(try await queue.fetch(id))
                #expect(try running.meta("progress_note") == "1 of 4 pages")
                #expect(try running.meta("list") == [1, 2] && running.status == .started)
                gate.open()
                try await group.waitForAll()
            }
            let job = try #require(try await queue.fetch(id))
            #expect(job.status == .finished && job.progress == 1)
            #expect(try job.meta("owner") == ["name": "me"] && job.meta("tag") == "x")
        }
    }

    /// A thousand reports are a few writes, and the last one is the one that stands.
    @Test func reportsAreThrottled() async throws {
        var handlers = HandlerRegistry()
        handlers.register("chatty") { (_: NoArguments, context) in
            for step in 1...1000 { context.report(progress: Double(step) / 1000) }
        }
        let registry = handlers
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("chatty")
            try await redis.client.send(RedisCommand("CONFIG", "RESETSTAT"))
            try await redis.burst(registry)
            #expect(try await queue.fetch(id)?.progress == 1)
            let stats = try #require(try await redis.text("INFO", "commandstats"))
            let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_hget:") } ?? ""
            let calls = line.split(separator: "=").dropFirst().first?.split(separator: ",").first.flatMap { Int($0) }
            #expect(calls ?? 0 < 200, "\(line)")
        }
    }

    /// An execution that was given up neither overwrites its successor's words nor makes a record of them alone.
    @Test func onlyTheRegisteredExecutionIsHeard() async throws {
        try await withRedis { redis in
            let queue = try redis.queue("q")
            let id = try await queue.enqueue("f", options: [.resultTTL(.span(.zero))])
            let stale = try await redis.take(from: "q", lease: .zero)[0]
            func save(_ execution: Execution, _ meta: RedisArgument) async throws -> Int64? {
                try await redis.client.run(
                    JobScripts.saveMeta, keys: [], arguments: ["rq"] + execution.address + [meta]
                ).array?.first?.integer
            }
            #expect(try await save(stale, "{\"a\": 1}") == 1)
            _ = try await redis.repair("q")
            let second = try await redis.take(from: "q", worker: "second", lease: .seconds(60))[0]
            #expect(try await save(stale, "{\"a\": 2}") == 0)
            #expect(try await queue.fetch(id)?.meta("a") == 1)
            #expect(try await redis.finish(second, worker: "second", value: "1") == "finished")
            #expect(try await save(second, "{}") == 0)
            #expect(try await redis.text("EXISTS", RedisArgument("rq:job:\(id)")) == "0")
        }
    }

    @Test func aPickledMetaIsLeftAlone() {
        #expect(MetaBoard.merge([0x80, 4, 0x2e], ["a": Array("1".utf8)]) == nil)
        let merged = MetaBoard.merge(Array(#"{"a": [1], "b": "x/ü"}"#.utf8), ["a": Array("2.5".utf8)])
        #expect(merged.map { String(decoding: $0, as: UTF8.self) } == #"{"a":2.5,"b":"x/ü"}"#)
        #expect(
            MetaBoard.merge([], ["a": Array("null".utf8)]).map { String(decoding: $0, as: UTF8.self) } == #"{"a":null}"#
        )
    }

    @Test func locksOfTheWorkerAreAtHand() async throws {
        try await withTemporaryCluster(nodes: 1, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all)
            let nodes = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(nodes)
            let locks = try await LockCluster.connect(nodes)
            let tokens = Mutex<[FencingToken]>([])
            var handlers = HandlerRegistry(locks: locks)
            handlers.register("guarded") { (_: NoArguments, context) in
                try await context.withLock("account-7") { lease in tokens.withLock { $0.append(lease.token) } }
            }
            let queue = try Queue("q", client: client)
            try await queue.enqueue([NewJob("guarded"), NewJob("guarded")])
            var configuration = WorkerConfiguration()
            configuration.burst = true
            try await Worker(
                queues: [queue.name], client: client, handlers: handlers, configuration: configuration
            ).run()
            #expect(Set(tokens.withLock { $0 }).count == 2)
            await locks.close()
            await client.close()
        }
    }

    @Test func withoutLockNodesTheReasonIsSaid() async throws {
        var handlers = HandlerRegistry()
        handlers.register("guarded") { (_: NoArguments, context) in
            #expect(context.deadline != nil)
            try await context.withLock("account-7") { _ in }
        }
        let registry = handlers
        try await withRedis { redis in
            let id = try await redis.queue("q").enqueue("guarded")
            try await redis.burst(registry)
            #expect(try await redis.queue("q").result(of: id)?.failure?.contains("no lock nodes") == true)
        }
    }
}
