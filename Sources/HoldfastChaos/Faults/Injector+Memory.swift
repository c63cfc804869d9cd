import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime

extension Injector {
    /// Nodes refuse every write, for they may use less memory than they do.
    func limitMemory(_ entry: FaultPlan.Entry, _ indices: [Int], span: Duration) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        var before: [Int] = []
        for node in nodes { before.append(await refusals(of: node)) }
        note(entry, .memoryLimit, title, "maxmemory 1 byte for \(span.milliseconds) ms")
        var isLimited = true
        for node in nodes {
            if await !configure(node, [("maxmemory", 1)]) { isLimited = false }
            await probe(node)
        }
        try? await runtime.sleep(for: span)
        var refused: [Int] = []
        for (node, earlier) in zip(nodes, before) { refused.append(await refusals(of: node) - earlier) }
        let failures = await healEach(nodes) { node in
            if await !configure(node, [("maxmemory", 0)]) {
                throw ChaosError("CONFIG SET was refused, or not answered")
            }
        }
        if let failures { return abandon(entry, title, "did not take the old memory limit back: \(failures)") }
        heal(entry)
        if isLimited, refused.allSatisfy({ $0 > 0 }) {
            let counts = refused.map(String.init).joined(separator: ", ")
            confirm(entry, "its own INFO: \(counts) commands refused for lack of memory")
        }
    }

    /// How many commands a server has refused for lack of memory.
    private func refusals(of node: ClusterMember) async -> Int {
        let count = await info("errorstats", of: node)["errorstat_OOM"]
        return count.flatMap { $0.split(separator: "=").last }.flatMap { Int($0) } ?? 0
    }

    /// Nodes come back with a policy that lets them forget what they promised, and memory pressure that makes them;
    /// after `span` whoever runs them has noticed, and they begin anew.
    func evict(_ entry: FaultPlan.Entry, _ indices: [Int], span: Duration) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        note(entry, .evict, title, "restarted with maxmemory-policy allkeys-lru for \(span.milliseconds) ms")
        let wrong = [ServerSetting("maxmemory", "2mb"), ServerSetting("maxmemory-policy", "allkeys-lru")]
        var evicted: [Int] = []
        var voters: [String] = []
        var silent: [String] = []
        var failure: String?
        do {
            for node in nodes { try await node.restart(with: wrong) }
            let start = runtime.now
            for node in nodes { evicted.append(await press(node)) }
            try? await runtime.sleep(until: start.advanced(by: span))
            for node in nodes {
                switch await votes(node) {
                case true?: voters.append(node.name)
                case false?: break
                case nil: silent.append(node.name)
                }
            }
        } catch { failure = "\(error)" }
        if let failures = await healEach(nodes, { try await $0.restart(empty: true) }) ?? failure {
            return abandon(entry, title, "did not start again: \(failures)")
        }
        heal(entry)
        guard voters.isEmpty else {
            return abandon(entry, title, "\(voters.joined(separator: " ")) was let vote, though it evicts")
        }
        if silent.isEmpty, evicted.allSatisfy({ $0 > 0 }) {
            let counts = evicted.map(String.init).joined(separator: ", ")
            confirm(entry, "its own INFO: \(counts) keys evicted; and no record lets it vote")
        }
    }

    /// Whether a node's record names the incarnation that runs now as a voter: not if the record was evicted itself;
    /// nil when the node does not answer.
    private func votes(_ node: ClusterMember) async -> Bool? {
        guard let runID = await info("server", of: node)["run_id"],
            let vote = await ask(node, RedisCommand("HGET", "holdfast:node", "vote"))
        else { return nil }
        return vote.text?.hasSuffix(runID) ?? false
    }

    /// Fills a server's memory until it evicts, and no further: its record, by which it could vote, may be left so.
    /// - Returns: How many keys it has evicted.
    private func press(_ node: ClusterMember) async -> Int {
        let filler = RedisArgument([UInt8](repeating: 0, count: 64 << 10))
        for number in 0..<64 {
            _ = await ask(node, RedisCommand("SET", RedisArgument("filler:\(number)"), filler))
            let evicted = await info("stats", of: node)["evicted_keys"].flatMap { Int($0) } ?? 0
            if evicted > 0 { return evicted }
        }
        return 0
    }
}
