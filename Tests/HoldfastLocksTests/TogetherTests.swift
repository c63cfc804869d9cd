import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastLocks
@testable import HoldfastRedis

/// Steps of many locks that travel in one call.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TogetherTests {
    /// A step by hand.
    private struct Step {
        let request: RoundRequest

        static func grant(_ name: LockName, _ owner: String, _ ttl: Int, mark: Int, _ keys: LockKeys) -> Step {
            Step(
                request: RoundRequest(
                    phase: 0, script: LockScripts.grant, keys: [keys.owner(name), keys.counter(name), keys.node],
                    arguments: [RedisArgument(owner), RedisArgument(ttl), RedisArgument(mark)], withRunID: true))
        }

        static func release(_ name: LockName, _ owner: String, _ keys: LockKeys) -> Step {
            Step(
                request: RoundRequest(
                    phase: 0, script: LockScripts.release, keys: [keys.owner(name)],
                    arguments: [RedisArgument(owner), keys.announcement(name)], withRunID: false))
        }
    }

    /// Answers without what differs from run to run: the time that is left, and where in a script an error arose.
    private func comparable(_ reply: RedisReply) -> String {
        if case .error(let text) = reply { return String(text.prefix { $0 != " " }) }
        if let pair = reply.array, let code = pair.first?.integer, let left = pair.last?.integer {
            return code == -2 ? "\(code) \(left)" : "\(code) \(left > 0)"
        }
        return "\(reply)"
    }

    private func alone(_ step: Step, _ client: RedisClient) async throws -> String {
        let request = step.request
        let runID = request.withRunID ? [RedisArgument(try client.serverInfo().runID)] : []
        do {
            return comparable(
                try await client.run(request.script, keys: request.keys, arguments: request.arguments + runID))
        } catch { return comparable(.error(error.message)) }
    }

    private func together(
        _ steps: [Step], _ client: RedisClient, _ keys: LockKeys, _ script: RedisScript = LockScripts.together,
        runID: String? = nil
    ) async throws -> [RedisReply] {
        let parts = steps.map(\.request)
        let reply = try await client.run(
            script, keys: parts.flatMap { $0.withRunID ? Array($0.keys.dropLast()) : $0.keys } + [keys.node],
            arguments: parts.flatMap { [RedisArgument($0.script.name)] + $0.arguments }
                + [RedisArgument(try runID ?? client.serverInfo().runID)])
        return try #require(reply.array)
    }

    /// Everything that the node holds but the times.
    private func memory(_ client: RedisClient) async throws -> [String: RedisReply] {
        var memory: [String: RedisReply] = [:]
        for key in try await client.send(RedisCommand("KEYS", "*")).array ?? [] {
            let text = try #require(key.text)
            let argument = RedisArgument(text)
            switch try await client.send(RedisCommand("TYPE", argument)) {
            case .status("string"): memory[text] = try await client.send(RedisCommand("GET", argument))
            case .status("zset"): memory[text] = try await client.send(RedisCommand("ZRANGE", argument, 0, -1))
            case .status("hash") where text.hasSuffix("node"):
                let vote = try await client.send(RedisCommand("HGET", argument, "vote")).text
                memory[text] = .bytes(Array((vote ?? "").utf8.prefix(46)))
            case let other: memory[text] = other
            }
        }
        return memory
    }

    /// One node is given each step by itself, the other one all that come together in one call.
    @Test(arguments: 1...12) func stepsTogetherDoWhatTheyDoAlone(seed: UInt64) async throws {
        try await withLockCluster(nodes: 2, maximumTTL: .seconds(600)) { _, locks in
            var random = SeededGenerator(seed: seed)
            let names = try (0..<4).map { try LockName("n\($0)") }
            let (first, second) = (locks.nodes[0].client, locks.nodes[1].client)
            for _ in 0..<25 {
                let steps = (0..<Int.random(in: 1...LockScripts.mostTogether, using: &random)).map { _ in
                    let name = names[Int.random(in: 0..<4, using: &random)]
                    let owner = "owner\(Int.random(in: 0..<3, using: &random))"
                    guard Bool.random(using: &random) else { return Step.release(name, owner, locks.keys) }
                    let ttl = [300_000, 600_000, 600_001][Int.random(in: 0..<3, using: &random)]
                    return Step.grant(
                        name, owner, ttl, mark: Bool.random(using: &random) ? 0 : 600_000, locks.keys)
                }
                var expected: [String] = []
                for step in steps { expected.append(try await alone(step, first)) }
                #expect(try await together(steps, second, locks.keys).map(comparable) == expected)
                // Between the calls, what no client of ours does, and readers.
                let name = names[Int.random(in: 0..<4, using: &random)]
                let disturbance: RedisCommand? =
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: RedisCommand("HSET", locks.keys.owner(name), "a", "b")
                    case 1: RedisCommand("DEL", locks.keys.owner(name), locks.keys.counter(name))
                    case 2: RedisCommand("RPUSH", locks.keys.counter(name), "x")
                    case 3: RedisCommand("SET", locks.keys.counter(name), "5000")
                    case 4: RedisCommand("ZADD", locks.keys.owner(name), "9000000000000", "reader")
                    default: nil
                    }
                for client in [first, second] {
                    if let disturbance { _ = try? await client.send(disturbance) }
                }
                let (memory, other) = (try await memory(first), try await memory(second))
                #expect(memory == other)
            }
        }
    }

    /// Runs `body` once for each name, all at the same time, on the connections' loop.
    private func onAll(
        _ names: [LockName], _ locks: LockCluster,
        _ body: @escaping @Sendable (LockName) async throws -> Lease?
    ) async throws -> [LockName: Lease] {
        try await withTaskExecutorPreference(locks.executor) {
            try await withThrowingTaskGroup(of: (LockName, Lease?).self) { group in
                for name in names { group.addTask { (name, try await body(name)) } }
                var leases: [LockName: Lease] = [:]
                for try await (name, lease) in group { leases[name] = lease }
                return leases
            }
        }
    }

    @Test func whatComesUpTogetherTravelsTogether() async throws {
        try await withLockCluster { _, locks in
            let names = try (0..<64).map { try LockName("many\($0)") }
            let before = locks.nodes.map(\.client.writeCounters)
            let leases = try await onAll(names, locks) { try await locks.acquire($0) }
            _ = try await onAll(names, locks) { name in
                if let lease = leases[name] { await locks.release(lease) }
                return nil
            }
            #expect(Set(leases.values.map(\.rounds)) == [1])
            for (node, before) in zip(locks.nodes, before) {
                // Each client for itself would send 128 commands.
                let commands = node.client.writeCounters.commands - before.commands
                #expect(commands < 40, "\(commands) commands for 64 locks")
            }
        }
    }

    private static func isWrongType(_ outcome: NodeOutcome) -> Bool {
        if case .failed(let error) = outcome { error.serverPrefix == "WRONGTYPE" } else { false }
    }

    @Test func aStepThatFailsLeavesTheOthersAsTheyAre() async throws {
        try await withLockCluster(nodes: 3) { _, locks in
            let names = try (0..<6).map { try LockName("many\($0)") }
            _ = try await locks.onEachNode(RedisCommand("RPUSH", locks.keys.counter(names[2]), "not a counter"))
            let leases = try await onAll(names, locks) { [third = names[2]] name in
                do { return try await locks.acquire(name) } catch LockError.unavailable(_, let nodes) {
                    #expect(name == third && nodes.contains(where: Self.isWrongType))
                    return nil
                }
            }
            #expect(Set(leases.keys) == Set(names).subtracting([names[2]]))
            for lease in leases.values { await locks.release(lease) }

            let steps = names.map { Step.grant($0, "owner", 10_000, mark: 0, locks.keys) }
            let guarded = "local isDone, answer = pcall(step, key, argument)"
            try #require(LockScripts.together.source.contains(guarded), "the script has changed: mend the mutation")
            let mutant = RedisScript(
                name: "mutant",
                LockScripts.together.source.replacing(
                    guarded, with: "local isDone, answer = true, step(key, argument)"))
            await #expect(throws: RedisError.self, "the violation that the guard prevents") {
                try await together(steps, locks.nodes[0].client, locks.keys, mutant)
            }
        }
    }

    @Test func aRecordOfAnotherTypeGrantsNothingAndReleasesAll() async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let client = locks.nodes[0].client
            let names = try (0..<2).map { try LockName("r\($0)") }
            _ = try await client.send(RedisCommand("SET", locks.keys.owner(names[0]), "owner"))
            _ = try await client.send(RedisCommand("DEL", locks.keys.node))
            _ = try await client.send(RedisCommand("SET", locks.keys.node, "not a record"))
            let answers = try await together(
                [.grant(names[1], "owner", 1000, mark: 0, locks.keys), .release(names[0], "owner", locks.keys)],
                client, locks.keys)
            #expect(answers.map(comparable) == ["WRONGTYPE", "\(RedisReply.integer(1))"])
        }
    }

    @Test func aNodeThatForgotTheScriptIsSentIt() async throws {
        try await withLockCluster(nodes: 3) { _, locks in
            let names = try (0..<8).map { try LockName("many\($0)") }
            _ = try await locks.onEachNode(RedisCommand("SCRIPT", "FLUSH"))
            let leases = try await onAll(names, locks) { try await locks.acquire($0) }
            #expect(leases.count == 8)
            _ = try await locks.onEachNode(RedisCommand("SCRIPT", "FLUSH"))
            _ = try await onAll(names, locks) { name in
                if let lease = leases[name] { await locks.release(lease) }
                return nil
            }
            for name in names {
                try await eventually {
                    try await locks.onEachNode(RedisCommand("GET", locks.keys.owner(name))).allSatisfy(\.isNull)
                }
            }
        }
    }

    @Test func aReleaseReachesANodeThatMayNotVoteAnyMore() async throws {
        try await withLockCluster(nodes: 3) { _, locks in
            let names = try (0..<4).map { try LockName("many\($0)") }
            let leases = try await onAll(names, locks) { try await locks.acquire($0) }
            let node = locks.nodes[0]
            node.settle(.foreign("for the test"), runID: try node.client.serverInfo().runID)
            let others = try (0..<4).map { try LockName("other\($0)") }
            let more = try await onAll(names + others, locks) { name in
                guard let lease = leases[name] else { return try await locks.acquire(name) }
                await locks.release(lease)
                return nil
            }
            #expect(Set(more.keys) == Set(others))
            for name in names {
                try await eventually { try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).isNull }
            }
            for name in others {
                #expect(try await node.client.send(RedisCommand("GET", locks.keys.owner(name))).isNull)
            }
        }
    }

    @Test func aReleaseLetsNoGrantIntoAFullNode() async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let (freed, wanted) = (try LockName("freed"), try LockName("wanted"))
            let client = locks.nodes[0].client
            let check = "if mayWrite ~= true then refusal = mayWrite end"
            try #require(LockScripts.together.source.contains(check), "the script has changed: mend the mutation")
            let mutant = RedisScript(name: "mutant", LockScripts.together.source.replacing(check, with: ""))
            for (script, answer) in [(LockScripts.together, "OOM"), (mutant, "\(RedisReply.integer(2))")] {
                try await client.send(RedisCommand("SET", locks.keys.owner(freed), "owner"))
                try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
                let answers = try await together(
                    [.release(freed, "owner", locks.keys), .grant(wanted, "owner", 1000, mark: 0, locks.keys)],
                    client, locks.keys, script)
                try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
                #expect(answers.map(comparable) == ["\(RedisReply.integer(1))", answer])
            }
        }
    }

    @Test(arguments: ["", "x", String(repeating: "x", count: 47), String(repeating: "9", count: 300)])
    func aDamagedVoteGrantsNothingAndReleasesAll(_ vote: String) async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let client = locks.nodes[0].client
            let runID = try client.serverInfo().runID
            let names = try (0..<2).map { try LockName("r\($0)") }
            for tail in ["", runID] {
                try await client.send(RedisCommand("HSET", locks.keys.node, "vote", RedisArgument(vote + tail)))
                for name in names { try await client.send(RedisCommand("SET", locks.keys.owner(name), "owner")) }
                // A node whose record cannot be read has no vote, and a client that knows that names no incarnation.
                for runID in ["", runID] {
                    let answers = try await together(
                        [
                            .release(names[0], "owner", locks.keys),
                            .grant(try LockName("new"), "owner", 1000, mark: 0, locks.keys),
                            .release(names[1], "nobody", locks.keys),
                        ], client, locks.keys, runID: runID
                    )
                    #expect(answers[0].integer != nil && answers[2] == .integer(0), "\(answers)")
                    #expect(answers[1].integer == nil, "\(answers)")
                }
                #expect(try await client.send(RedisCommand("GET", locks.keys.owner(names[0]))).isNull)
            }
        }
    }

    @Test func aMarkThatIsNotWrittenLetsNoLaterGrantRelyOnIt() async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let client = locks.nodes[0].client
            let names = try (0..<3).map { try LockName("r\($0)") }
            try await client.send(RedisCommand("SET", locks.keys.counter(names[0]), "5000"))
            try await client.send(RedisCommand("SET", locks.keys.counter(names[1]), "5100"))
            let steps = names.map { Step.grant($0, "owner", 10_000, mark: 0, locks.keys) }
            try await client.send(RedisCommand("ACL", "SETUSER", "default", "-hset"))
            let answers = try await together(steps, client, locks.keys)
            try await client.send(RedisCommand("ACL", "SETUSER", "default", "+hset"))
            #expect(answers.prefix(2).allSatisfy { $0.integer == nil }, "\(answers)")
            let vote = try #require(try await client.send(RedisCommand("HGET", locks.keys.node, "vote")).text)
            let mark = try #require(Int64(vote.dropFirst(17).prefix(16)))
            #expect(answers.compactMap(\.integer).allSatisfy { $0 <= mark }, "\(answers) with the mark \(mark)")
        }
    }

    /// The releases wait for the strand's turn when the cluster is closed.
    @Test func whatWasSentBeforeTheEndArrives() async throws {
        try await withLockCluster(nodes: 3) { cluster, locks in
            let names = try (0..<24).map { try LockName("many\($0)") }
            let leases = try await onAll(names, locks) { try await locks.acquire($0) }
            await withTaskExecutorPreference(locks.executor) {
                await withTaskGroup { group in
                    for lease in leases.values { group.addTask { await locks.release(lease) } }
                    group.addTask { await locks.close() }
                }
            }
            let client = RedisClient(try RedisConfiguration(url: cluster.nodes[0].url))
            for name in names { #expect(try await client.send(RedisCommand("GET", locks.keys.owner(name))).isNull) }
            await client.close()
        }
    }

    private final class Asker: Asking {
        let nodes: [LockNode]
        let replies = Mutex<[String]>([])

        init(_ nodes: [LockNode]) { self.nodes = nodes }

        func receive(_ reply: NodeReply, phase: Int, from node: Int) {
            let text =
                switch reply {
                case .answer(let code, let value): "\(code) \(value)"
                case .notVoting: "not voting"
                case .error(let error): "\(error.code)"
                }
            replies.withLock { $0.append(text) }
        }

        func stillWants(_ request: RoundRequest) -> Bool { false }

        func wasSent(_ request: RoundRequest, lateTo node: Int) {}
    }

    @Test(arguments: [
        ("*2\r\n:8\r\n*2\r\n:0\r\n:-1\r\n", ["1 8", "0 -1"]), ("*2\r\n-OOM full\r\n:2\r\n", ["server", "1 2"]),
        ("*1\r\n:8\r\n", ["unexpectedReply", "unexpectedReply"]),
        ("*3\r\n:1\r\n:2\r\n:3\r\n", ["unexpectedReply", "unexpectedReply"]),
        (":5\r\n", ["unexpectedReply", "unexpectedReply"]), ("*-1\r\n", ["unexpectedReply", "unexpectedReply"]),
        ("-NOSCRIPT gone\r\n", ["server", "server"]),
        ("*2\r\n$1\r\nx\r\n*0\r\n", ["unexpectedReply", "unexpectedReply"]),
    ])
    func everyStepIsAnsweredOnceWhateverTheReply(_ bytes: String, _ expected: [String]) async throws {
        try await withLockCluster(nodes: 1) { _, locks in
            let name = try LockName("r")
            let askers = [Asker(locks.nodes), Asker(locks.nodes)]
            let steps = askers.map {
                Dispatch.Step($0, Step.grant(name, "owner", 1000, mark: 0, locks.keys).request)
            }
            let dispatch = Dispatch(steps, locks.keys.node)
            var decoder = ReplyDecoder(maximumReplyBytes: 1000)
            try Array(bytes.utf8).withUnsafeBytes { bytes in
                try decoder.feed(bytes) { dispatch.receive(.reply($0), tag: 0) }
            }
            #expect(askers.map { $0.replies.withLock { $0 } } == expected.map { [$0] })
        }
    }
}
