import Foundation
import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastJobs

/// One test's Redis server and what it needs to use it.
struct Fixture: Sendable {
    let server: ClusterMember
    /// For the test's own files; removed after it.
    let directory: URL
    let client: RedisClient
    let keys = RQKeys.standard

    func queue(_ name: String) throws -> Queue { try Queue(name, client: client) }

    func text(_ name: String, _ arguments: RedisArgument...) async throws -> String? {
        try await client.send(RedisCommand(name, arguments: arguments)).text
    }

    /// Asks again and again until the command answers `wanted`; the test's time limit ends a vain wait.
    func eventually(_ name: String, _ arguments: RedisArgument..., is wanted: String) async throws {
        let command = RedisCommand(name, arguments: arguments)
        while try await client.send(command).text != wanted {
            try await client.runtime.sleep(for: .milliseconds(10))
        }
    }

    /// Another client on the same server, as another process would have.
    func withClient<Value>(_ body: (RedisClient) async throws -> Value) async throws -> Value {
        let other = RedisClient(try RedisConfiguration(url: server.url), scripts: JobScripts.all)
        let result: Swift.Result<Value, any Error>
        do { result = .success(try await body(other)) } catch { result = .failure(error) }
        await other.close()
        return try result.get()
    }

    /// Claims jobs as a worker would that dies right after.
    func take(
        _ count: Int = 1, from queues: String..., worker: String = "dying", lease: Duration, digits: String? = nil
    ) async throws -> [Execution] {
        let digits = digits ?? client.runtime.randomHex(bytes: 12)
        let reply = try await client.run(
            JobScripts.take, keys: [],
            arguments: Self.takeArguments(count, queues, worker: worker, lease: lease, digits: digits))
        let taken = try #require(TakeReply(reply, digits: digits, sentAt: client.runtime.now, lease: lease))
        #expect(taken.trouble.text == "")
        return taken.executions
    }

    static func takeArguments(
        _ count: Int, _ queues: [String], worker: String = "dying", lease: Duration = .seconds(60),
        digits: String = "0123456789abcdef01234567"
    ) -> [RedisArgument] {
        ["rq", RedisArgument(worker), RedisArgument(lease.milliseconds), 600, RedisArgument(count)]
            + [RedisArgument(digits), RedisArgument(Execution.Terms.usualTimeout)]
            + [RedisArgument(Execution.Terms.usualKeep)] + queues.map { RedisArgument($0) }
    }

    /// Records outcomes as their worker would, in one call.
    func complete(
        _ outcomes: [(Execution, Outcome)], worker: String = "dying", by script: RedisScript = JobScripts.complete
    ) async throws -> [String] {
        let now = client.runtime.now
        let completions = outcomes.map { execution, outcome in
            Completion(
                execution: execution, outcome: outcome, begunAt: execution.claimedAt, span: .milliseconds(5),
                endedAt: now)
        }
        let (trouble, verdicts) = try await record(completions, worker: worker, by: script)
        #expect(trouble == "")
        return verdicts
    }

    /// The same with what went wrong; the verdicts are in the order of the completions.
    func record(
        _ completions: [Completion], worker: String = "dying", by script: RedisScript = JobScripts.complete
    ) async throws -> (trouble: String, verdicts: [String]) {
        let call = CompletionCall(completions)
        let reply = try await client.run(script, keys: [], arguments: ["rq", RedisArgument(worker)] + call.arguments)
        let answer = try #require(call.read(reply), "\(reply)")
        let verdicts = try completions.map { completion in
            answer.verdicts[try #require(call.completions.firstIndex { $0.execution === completion.execution })]
        }
        return (try #require(answer.trouble.text), verdicts)
    }

    func finish(
        _ execution: Execution, worker: String = "dying", value: String, by script: RedisScript = JobScripts.complete
    ) async throws -> String? {
        try await complete([(execution, .success(Array(value.utf8)))], worker: worker, by: script).first
    }
}

/// Runs a test on its own server, then checks the invariants of everything the test left behind.
func withRedis(
    leaving exceptions: Set<Invariants.Rule> = [], _ body: (Fixture) async throws -> Void
) async throws {
    try await withTemporaryCluster(nodes: 0, stores: 1, storeFsync: .always) { cluster in
        let server = cluster.stores[0]
        let client = RedisClient(try RedisConfiguration(url: server.url), scripts: JobScripts.all)
        do {
            try await client.ready()
            try await body(Fixture(server: server, directory: URL(filePath: cluster.directory), client: client))
            let violations = try await Invariants(client: client).violations()
            for violation in violations where !exceptions.contains(violation.rule) {
                Issue.record("\(violation.rule): \(violation.what)")
            }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}

/// Runs a worker beside `body`, and shuts it down when that ends.
func withWorker<Value: Sendable>(
    _ worker: Worker, _ body: @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await worker.run() }
        let result: Swift.Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        if case .failure = result {
            worker.shutdown(atOnce: true)
        } else if worker.state.withLock({ $0.roster.phase == .working }) {
            worker.shutdown()
        }
        try await group.waitForAll()
        return try result.get()
    }
}

extension Fixture {
    /// Runs one worker until its queues are empty.
    func burst(
        _ handlers: HandlerRegistry, queues: String..., change: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = WorkerConfiguration()
        configuration.burst = true
        configuration.maintenanceInterval = .milliseconds(50)
        change(&configuration)
        let names = try (queues.isEmpty ? ["q"] : queues).map { try QueueName($0) }
        try await Worker(queues: names, client: client, handlers: handlers, configuration: configuration).run()
    }
}
