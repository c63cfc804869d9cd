import HoldfastRedis
import Testing

@testable import HoldfastJobs

/// The judge of all other tests must see what it is there for.
@Suite(.timeLimit(.minutes(1))) struct InvariantTests {
    private func violations(after commands: [[String]]) async throws -> [Invariants.Rule] {
        var found: [Invariants.Rule] = []
        try await withRedis(leaving: [.place, .dangling, .execution]) { redis in
            try await redis.queue("q").enqueue("f", options: .init(id: JobID("a")))
            for command in commands {
                try await redis.client.send(
                    RedisCommand(command[0], arguments: command.dropFirst().map { RedisArgument($0) }))
            }
            found = try await Invariants(client: redis.client).violations().map(\.rule)
        }
        return found
    }

    @Test func aHealthyDatabaseHasNone() async throws { #expect(try await violations(after: []) == []) }

    /// What RQ does with several queues: the id is popped and nothing says where it is.
    @Test func aPopWithoutAClaimLosesTheJob() async throws {
        #expect(try await violations(after: [["LPOP", "rq:queue:q"]]) == [.place])
    }

    @Test func aJobInTwoPlacesIsSeen() async throws {
        #expect(try await violations(after: [["RPUSH", "rq:queue:q", "a"]]) == [.place])
        #expect(try await violations(after: [["ZADD", "rq:failed:q", "1", "a"]]) == [.place])
        #expect(try await violations(after: [["HSET", "rq:job:a", "status", "finished"]]) == [.place])
    }

    @Test func namesWithoutARecordAreSeen() async throws {
        #expect(try await violations(after: [["RPUSH", "rq:queue:q", "b"]]) == [.dangling])
    }

    @Test func partsOfExecutionsThatAreLeftOverAreSeen() async throws {
        #expect(try await violations(after: [["ZADD", "rq:lease:q", "1", "a:1"]]) == [.execution])
        #expect(try await violations(after: [["HSET", "rq:execution:a:1", "id", "1"]]) == [.execution])
        #expect(try await violations(after: [["SADD", "rq:worker:w:executions", "a:1"]]) == [.execution])
        let running = try await violations(after: [["ZADD", "rq:wip:q", "1", "a:1"]])
        #expect(Set(running) == [.place, .execution])
    }
}
