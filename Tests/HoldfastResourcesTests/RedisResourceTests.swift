import HoldfastCluster
import HoldfastConformance
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import Testing

@Suite(.serialized) struct RedisResourceTests {
    private func withClient(_ body: (RedisClient) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            do {
                try await body(client)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    @Test(.timeLimit(.minutes(2))) func conforms() async throws {
        try await withClient { client in
            for conformance in ConformanceCase.all {
                do {
                    try await conformance.run { name in try RedisResource(name, on: client) }
                } catch {
                    Issue.record("\(conformance): \(error)")
                }
            }
        }
    }

    @Test func aKeyOfAnotherTypeIsAnErrorThatNamesTheServer() async throws {
        try await withClient { client in
            try await client.send(RedisCommand("SET", "holdfast:resource:odd", "a string"))
            let error = await #expect(throws: ResourceError.self) {
                try await RedisResource("odd", on: client).raise(to: FencingToken(rawValue: 1))
            }
            guard case .unavailable(let cause) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.code == .foreign && cause.place == client.server && cause.message.contains("WRONGTYPE"))
        }
    }

    @Test func whatARedisErrorSaysOfTheOutcomeIsKept() {
        func translated(
            _ code: RedisError.Code, _ outcome: RedisError.Outcome, _ text: String = "x"
        ) -> StoreError {
            StoreError(RedisError(code, outcome, text, server: "host:1"))
        }
        #expect(translated(.unreachable, .notSent) == StoreError(.unreachable, .notWritten, "x", at: "host:1"))
        #expect(translated(.timedOut, .outcomeUnknown) == StoreError(.unreachable, .unknown, "x", at: "host:1"))
        #expect(translated(.cancelled, .outcomeUnknown).code == .cancelled)
        // A script that failed may have written before it did.
        let full = translated(.server, .answered, "OOM command not allowed")
        #expect(full.code == .full && full.outcome == .unknown)
        #expect(translated(.server, .answered, "READONLY replica").code == .denied)
        #expect(translated(.server, .answered, "LOADING").code == .busy)
        #expect("\(full)" == "host:1: OOM command not allowed (it may have been written)")
    }
}
