import HoldfastRedis
import RedisFixture
import Testing

@testable import HoldfastChaos
@testable import HoldfastJobs
@testable import HoldfastLocks

@Suite struct ScriptMutationTests {
    /// A mutant whose line is gone would be no mutant.
    @Test func eachMutationHasItsLineInTheScriptThatItIsAbout() {
        for mutation in ScriptMutation.naiveToken {
            #expect(LockScripts.confirm.source.contains(mutation.line), "\(mutation.line)")
        }
        for mutation in ScriptMutation.staleCompletion {
            #expect(JobScripts.complete.source.contains(mutation.line), "\(mutation.line)")
        }
        for mutation in ScriptMutation.naiveToken + ScriptMutation.staleCompletion {
            #expect(mutation.replacement.utf8.count <= mutation.line.utf8.count)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aServerGetsTheChangedScript() async throws {
        let mutation = ScriptMutation(line: "local answer = 1234", replacement: "local answer = 99")
        try await RedisServer.with { server in
            let configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(server.port)")
            for (transport, answer) in [(MutatingTransport([mutation]), 99), (MutatingTransport([]), 1234)] {
                // Each of its own: a script remembers what the first server called it.
                let script = RedisScript(name: "answer", "local answer = 1234\nreturn answer")
                let client = RedisClient(configuration, scripts: [script], transport: transport)
                let reply = try await client.run(script, keys: [])
                #expect(reply.integer == Int64(answer))
                await client.close()
            }
        }
    }
}
