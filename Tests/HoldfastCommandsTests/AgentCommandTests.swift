import ArgumentParser
import Foundation
import HoldfastAgents
import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import LocalHTTPServer
import Synchronization
import TestWorld
import Testing

@testable import HoldfastCommands

@Suite(.timeLimit(.minutes(2))) struct AgentCommandTests {
    private static let script = #"""
        {"turns": [
            {"calls": [{"tool": "accounts"}, {"tool": "balance", "arguments": {"account": "bob"}}]},
            {"say": "moving", "calls": [
                {"tool": "transfer", "arguments": {"from": "bob", "to": "alice", "amount": 500}},
                {"tool": "transfer", "arguments": {"from": "bob", "to": "alice", "amount": 7}}]},
            {"expect": "journal", "calls": [{"tool": "balance", "arguments": {"account": "alice"}}]},
            {"say": "Moved 7 credits."}
        ]}
        """#

    /// The same run twice: its transfer happens once.
    @Test func aRunMovesCreditsOnceHoweverOftenItIsExecuted() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let script = directory.path + "/script.json"
        try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
        try await withTemporaryCluster(nodes: 3) { cluster in
            _ = try await LockCluster.initialize(try LockClusterConfiguration(urls: cluster.nodeURLs))
            for execution in 1...2 {
                let lines = Lines()
                let command = try run([
                    "--model", "scripted:\(script)", "--dir", cluster.directory, "--run-id", "r1", "move",
                ])
                let result = try await command.execute { lines.add($0) }
                #expect(result.isComplete)
                if execution == 1 {
                    #expect(lines.all.contains { $0.hasPrefix("2.1 ok       transfer {") })
                    #expect(lines.all.contains { $0.hasPrefix("2.0 failed   transfer: ") })
                    #expect(lines.all.contains(#"3.0 ok       balance {"account":"alice","balance":107}"#))
                    #expect(lines.all.last == "Moved 7 credits.\nRun r1: 4 turns, 5 tool calls.")
                }
            }
            let store = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let ledger = Ledger("main", on: store)
            let journal = try await ledger.journal()
            #expect(journal.map(\.key) == ["r1:2:1"])
            #expect(try await ledger.balances() == ["alice": 107, "bob": 93, "carol": 100])
            await store.close()
        }
    }

    @Test func theOpenAIModelIsReachedAtItsBaseURLAndNoKeyIsSentThere() async throws {
        let answer = #"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}"#
        let authorizations = Lines()
        try await LocalHTTPServer.run { request, responder in
            authorizations.add(request["authorization"] ?? "none")
            try await responder.answer(200, [("content-type", "application/json")], answer)
        } _: { server in
            let lines = Lines()
            let command = try run(["--model", "openai:m", "--base-url", server.url, "--json", "hi"])
            let result = try await command.execute { lines.add($0) }
            #expect(result.text == "hello")
            let events = try lines.all.map { try JSONValue(text: $0)["event"] }
            #expect(events == ["model_asked", "model_answered", "finished"])
        }
        #expect(authorizations.all == ["none"])
    }

    @Test(arguments: [
        ["--model", "gpt", "hi"], ["--model", "scripted:", "hi"], ["--model", "scripted:a"], ["hi"],
        ["--model", "scripted:a", "--max-turns", "0", "hi"], ["--model", "scripted:a", "--run-id", "", "hi"],
        ["--model", "scripted:a", "--base-url", "http://localhost", "hi"],
    ])
    func wrongOptionsAreRefused(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try run(arguments) }
    }

    @Test func wrongInputIsOneSentenceBeforeAnythingStarts() async throws {
        let missing = try run(["--model", "scripted:/no/such/file", "hi"])
        await #expect(throws: ScriptError.self) { try await missing.execute { _ in } }
        let key = try run(["--model", "openai:m", "--api-key-env", "HOLDFAST_NO_SUCH_VARIABLE", "hi"])
        await #expect(throws: CommandFailure.self) { try await key.execute { _ in } }
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let script = directory.path + "/script.json"
        try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
        let cluster = try run(["--model", "scripted:\(script)", "--dir", "/no/such/cluster", "hi"])
        await #expect(throws: CommandFailure.self) { try await cluster.execute { _ in } }
    }

    private func run(_ arguments: [String]) throws -> AgentRun { try AgentRun.parse(arguments) }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
