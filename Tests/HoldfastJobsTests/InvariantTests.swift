import HoldfastRedis
import Testing

@testable import HoldfastJobs

/// The judge of all other tests must see what it is there for: each rule is shown a database that breaks it.
@Suite(.timeLimit(.minutes(1))) struct InvariantTests {
    typealias Rule = Invariants.Rule

    /// The rules that are broken after `commands`, on a database with a waiting job `a` of the queue `q`.
    private func rules(after commands: [String]) async throws -> [Rule] {
        var found: [Rule] = []
        try await withRedis(leaving: Set(Rule.allCases)) { redis in
            try await redis.queue("q").enqueue("f", options: .init(id: JobID("a")))
            for command in commands {
                let words = command.split(separator: " ").map(String.init)
                try await redis.client.send(
                    RedisCommand(words[0], arguments: words.dropFirst().map { RedisArgument($0) }))
            }
            found = try await Invariants(client: redis.client).violations().map(\.rule)
        }
        return found.sorted { $0.rawValue < $1.rawValue }
    }

    /// Makes the job run in an execution `1` of the worker `w`, with every part of it.
    private static let running = [
        "LPOP rq:queue:q", "HSET rq:job:a status started", "ZADD rq:wip:q 9 a:1", "ZADD rq:lease:q 8 a:1",
        "HSET rq:execution:a:1 worker_name w", "EXPIRE rq:execution:a:1 60", "ZADD rq:executions:a 9 1",
        "EXPIRE rq:executions:a 60", "SADD rq:worker:w:executions a:1", "EXPIRE rq:worker:w:executions 60",
    ]
    private static let worker = [
        "HSET rq:worker:w queues q,p", "EXPIRE rq:worker:w 60", "SADD rq:workers rq:worker:w",
        "SADD rq:workers:q rq:worker:w", "SADD rq:workers:p rq:worker:w",
    ]
    private static let finished = [
        "LPOP rq:queue:q", "HSET rq:job:a status finished", "ZADD rq:finished:q 9999999999 a", "EXPIRE rq:job:a 500",
        "XADD rq:results:a * type 1", "EXPIRE rq:results:a 500",
    ]
    private static let deferred = [
        "HSET rq:job:b data x origin q status deferred", "ZADD rq:deferred:q 1 b", "SADD rq:job::b:dependencies a",
        "SADD rq:job:a:dependents b",
    ]

    @Test func healthyDatabasesBreakNone() async throws {
        for commands in [[], Self.running, Self.running + Self.worker, Self.finished, Self.deferred] {
            #expect(try await rules(after: commands) == [], "\(commands)")
        }
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let commands: [String], rules: [Rule]
        var testDescription: String { commands.last ?? "" }

        init(_ commands: [String], _ rules: Rule...) {
            self.commands = commands
            self.rules = rules
        }
    }

    @Test(arguments: [
        // What RQ does with several queues: the id is popped and nothing says where it is.
        Broken(["LPOP rq:queue:q"], .place),
        Broken(["RPUSH rq:queue:q a"], .place),
        Broken(["ZADD rq:failed:q 1 a"], .place),
        Broken(["HSET rq:job:a status finished", "EXPIRE rq:job:a 9"], .place),
        Broken(["HSET rq:job:a origin p"], .place),
        Broken(running + ["ZADD rq:canceled:q 1 a"], .place),
    ])
    func jobsOutOfPlaceAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    @Test(arguments: [
        Broken(["RPUSH rq:queue:q b"], .dangling),
        Broken(["ZADD rq:finished:q 9999999999 b"], .dangling),
        Broken(["XADD rq:results:b * type 1", "EXPIRE rq:results:b 500"], .dangling),
        Broken(["HSET rq:job:b last_heartbeat x"], .stray),
        Broken(["SET rq:whatever 1"], .stray),
        Broken(["SADD rq:finished:q x"], .stray),
        Broken(["SREM rq:queues rq:queue:q"], .unlisted),
    ])
    func namesWithoutARecordAndStrayKeysAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    @Test(arguments: [
        Broken(["ZADD rq:lease:q 1 a:1"], .execution),
        Broken(["HSET rq:execution:a:1 id 1", "EXPIRE rq:execution:a:1 9"], .execution),
        Broken(["ZADD rq:executions:a 1 1", "EXPIRE rq:executions:a 9"], .execution),
        Broken(["SADD rq:worker:w:executions a:1", "EXPIRE rq:worker:w:executions 9"], .execution),
        Broken(running + ["DEL rq:execution:a:1"], .execution),
        Broken(running + ["DEL rq:executions:a"], .execution, .execution),
        Broken(running + ["DEL rq:execution:a:1", "DEL rq:executions:a"], .execution),
        Broken(["SADD rq:claims:w a:1"], .execution),
        Broken(running + ["DEL rq:lease:q"], .execution),
        Broken(running + ["ZADD rq:lease:q 10 a:1"], .execution),
        Broken(running + worker + ["DEL rq:worker:w:executions"], .execution),
        Broken(running + ["PERSIST rq:execution:a:1"], .expiry),
        Broken(running + ["PERSIST rq:executions:a"], .expiry),
        Broken(running + ["EXPIRE rq:job:a 9"], .expiry),
    ])
    func partsOfExecutionsThatDisagreeAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    @Test(arguments: [
        Broken(["EXPIRE rq:job:a 9"], .expiry),
        Broken(["EXPIRE rq:queue:q 9"], .expiry),
        Broken(finished + ["PERSIST rq:job:a"], .expiry),
        Broken(finished + ["HSET rq:job:a result_ttl -1"], .expiry),
        Broken(finished + ["PERSIST rq:results:a"], .expiry),
        Broken(finished + ["SADD rq:job:a:dependents b"], .expiry),
        Broken(
            ["LPOP rq:queue:q", "HSET rq:job:a status failed", "ZADD rq:failed:q 9999999999 a"], .expiry),
    ])
    func whatExpiresTooSoonOrNeverIsSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    @Test(arguments: [
        Broken(deferred + ["DEL rq:job:a:dependents"], .dependency),
        Broken(deferred + ["DEL rq:job::b:dependencies"], .dependency),
        // The parent has finished, and its child was forgotten.
        Broken(
            finished + deferred + ["EXPIRE rq:job:a:dependents 500"], .dependency),
    ])
    func dependentsThatWaitInVainAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    private static let limited = [
        "HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "SADD rq:rl-keys k", "HSET rq:rl:k concurrency 1",
        "ZADD rq:rl:k:allowed 1 a",
    ]

    @Test(arguments: [
        Broken(limited),
        Broken(limited + ["DEL rq:rl:k:allowed"], .limit),
        Broken(limited + ["HSET rq:rl:k concurrency 0"], .limit),
        Broken(limited + ["HSET rq:job:a status rate_limited"], .place),
        Broken(limited + ["ZADD rq:rl:k:rate_limited 1 a"], .place),
    ])
    func limitsThatAreExceededAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }

    @Test(arguments: [
        Broken(worker + ["SREM rq:workers rq:worker:w"], .worker, .worker, .worker),
        Broken(worker + ["SREM rq:workers:p rq:worker:w"], .worker),
        Broken(worker + ["DEL rq:worker:w"], .worker),
        Broken(worker + ["HSET rq:worker:w death now"], .worker),
        Broken(worker + ["PERSIST rq:worker:w"], .expiry),
    ])
    func workersOnTheWrongListsAreSeen(_ broken: Broken) async throws {
        #expect(try await rules(after: broken.commands) == broken.rules)
    }
}
