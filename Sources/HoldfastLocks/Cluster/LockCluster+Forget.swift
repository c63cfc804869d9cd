public import HoldfastRedis
public import HoldfastRuntime

extension LockCluster {
    /// Drops the fencing counters of names that were not used for a while. Every name that was ever locked has a
    /// counter on each node, for ever; where names are many and seldom used again (one for each order, say), they pile
    /// up.
    ///
    /// Tokens go on growing: a node remembers the largest number that it dropped as its *floor*, and no name is ever
    /// granted at or below it. Afterwards the voting nodes' floors are levelled, so that a new name still takes one
    /// round. Locks that are held are left alone, and may be used at any time meanwhile; of an old lease only the
    /// *repair* is lost: a node that lost its key is not written to again when its floor is above the lease's token.
    ///
    /// A counter below 10 000 is dropped by the second sweep at the earliest, `olderThan` after the first: only from
    /// then on does the server know when it was used. A restarted server begins to count anew.
    ///
    /// Goes through one node after the other in small steps, and leaves it at least as much time between them as they
    /// took, so a majority is never burdened.
    /// Nodes that do not answer or may not vote are left as they are. Cancellation ends it between two steps.
    /// - Parameters:
    ///   - olderThan: How long a counter must be unused, in whole seconds, rounded up; zero drops all that are free.
    ///   - dryRun: Only count.
    ///   - progress: Told a node's place and its counts so far, after every step; must return quickly.
    /// - Throws: ``LockError/invalid(_:)`` for an unusable configuration or span, ``LockError/cancelled(name:)``.
    public static func forgetIdle(
        _ configuration: LockClusterConfiguration, olderThan: Duration, dryRun: Bool = false,
        transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime(),
        progress: @escaping @Sendable (Int, CounterSweep.Node) -> Void = { _, _ in }
    ) async throws(LockError) -> CounterSweep {
        try configuration.validate()
        guard olderThan >= .zero, olderThan <= .seconds(1_000_000_000) else {
            throw .invalid("counters unused for \(olderThan): ask for 0 to 1000000000 s")
        }
        // Deleting much makes a server write much, and its disk stall: nobody waits for a lock here.
        let patient = configuration.nodes.map { node in
            var patient = node
            patient.commandTimeout = max(node.commandTimeout, .seconds(10))
            return patient
        }
        let clients = NodeClients(
            patient, scripts: LockScripts.forSweeps, transport: transport, runtime: runtime)
        let sweeper = CounterSweeper(
            keys: LockKeys(prefix: configuration.prefix), seconds: olderThan.roundedUpSeconds, dryRun: dryRun,
            runtime: runtime, progress: progress)
        let sweep = await sweeper.run(clients)
        await clients.close()
        if Task.isCancelled { throw .cancelled(name: "the sweep of idle counters") }
        return sweep
    }
}

extension LockScripts {
    fileprivate static let forSweeps = [sift, forget, level]
}

private struct CounterSweeper: Sendable {
    /// Keys to look through in a step: about a millisecond of the node's time.
    private static let step = 200

    let keys: LockKeys
    let seconds: Int64
    let dryRun: Bool
    let runtime: any Runtime
    let progress: @Sendable (Int, CounterSweep.Node) -> Void

    func run(_ clients: NodeClients) async -> CounterSweep {
        // One node after the other: whatever it costs a node, the others grant and renew meanwhile.
        var nodes: [CounterSweep.Node] = []
        for (index, client) in clients.all.enumerated() { nodes.append(await sweep(client, index)) }
        guard !dryRun, let highest = nodes.compactMap(\.floor).max() else { return CounterSweep(nodes: nodes) }
        // A name that is new is then granted the same number everywhere.
        let levelled = await clients.onAll { [nodes] index, client throws(RedisError) -> Int64? in
            guard let floor = nodes[index].floor, floor < highest else { return nodes[index].floor }
            let runID = try client.serverInfo().runID
            return try await client.run(
                LockScripts.level, keys: [keys.node], arguments: [RedisArgument(highest), RedisArgument(runID)],
                idempotent: true
            ).array?.last?.integer
        }
        for (index, level) in levelled.enumerated() {
            switch level {
            case .success(let floor): nodes[index].floor = floor
            case .failure(let error): nodes[index].failure = nodes[index].failure ?? error
            }
        }
        return CounterSweep(nodes: nodes)
    }

    private func sweep(_ client: RedisClient, _ index: Int) async -> CounterSweep.Node {
        var node = CounterSweep.Node(server: client.server)
        do throws(RedisError) {
            let runID = try await client.ready().runID
            guard try await NodeRecord.read(client, keys).admitted == runID else { throw notAdmitted(client) }
            var cursor = "0"
            repeat {
                let began = runtime.now
                cursor = try await takeStep(client, runID, from: cursor, &node)
                progress(index, node)
                // As long as the step took: the node's other clients have at least half of its time.
                let pause = began.duration(to: runtime.now)
                do { try await runtime.sleep(for: pause) } catch {
                    throw RedisError(.cancelled, .notSent, "cancelled", server: client.server)
                }
            } while cursor != "0"
            node.floor = try await NodeRecord.read(client, keys).floor
        } catch {
            node.failure = error
        }
        return node
    }

    /// - Returns: Where the next step begins.
    private func takeStep(
        _ client: RedisClient, _ runID: String, from cursor: String, _ node: inout CounterSweep.Node
    ) async throws(RedisError) -> String {
        let reply = try await client.run(
            LockScripts.sift, keys: [],
            arguments: [
                RedisArgument(cursor), RedisArgument(LockKeys.pattern(keys.counterPrefix)), RedisArgument(Self.step),
                RedisArgument(seconds), dryRun ? 0 : 1,
            ], idempotent: true)
        guard let fields = reply.array, fields.count == 5, let next = fields[0].text, let seen = fields[1].integer,
            let used = fields[2].integer, let unwatched = fields[3].integer, let idle = fields[4].array
        else { throw unexpected(client) }
        node.seen += Int(seen)
        node.used += Int(used)
        node.unwatched += Int(unwatched)
        let names = idle.compactMap { LockKeys.name(in: $0, after: keys.counterPrefix) }
        node.idle += names.count
        if dryRun || names.isEmpty { return next }
        let calls = names.map { name in
            LockScripts.forget.command(
                keys: [keys.owner(name), keys.counter(name), keys.node], arguments: [0, RedisArgument(runID)])
        }
        for outcome in try await client.pipeline(calls) {
            switch outcome {
            case .success(let reply):
                switch reply.array?.first?.integer {
                case 1: node.forgotten += 1
                case 0: node.held += 1
                case -1: throw notAdmitted(client)
                default: throw unexpected(client)
                }
            // One damaged counter is told of, and keeps no other from being dropped.
            case .failure(let error) where error.code == .server: node.failure = node.failure ?? error
            case .failure(let error): throw error
            }
        }
        return next
    }

    private func notAdmitted(_ client: RedisClient) -> RedisError {
        RedisError(.unexpectedReply, .answered, "it is not admitted to vote", server: client.server)
    }

    private func unexpected(_ client: RedisClient) -> RedisError {
        RedisError(.unexpectedReply, .answered, "not the script's reply", server: client.server)
    }
}
