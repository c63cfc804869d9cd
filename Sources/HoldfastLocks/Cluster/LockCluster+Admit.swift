public import HoldfastRedis
public import HoldfastRuntime

extension LockCluster {
    /// Admits a node on an operator's word, when so many nodes may have forgotten that no majority is left to admit
    /// them: three of five lost their data at once, or all were restarted without `appendfsync always`.
    ///
    /// **Dangerous with a floor that is too low**: tokens would be issued a second time, and a resource could accept
    /// the write of a holder whose lease ended long ago. The node begins above `floor`, and always above what every
    /// node that answers remembers. A record that was lost is written anew from that of a surviving node. Once a
    /// majority votes, clients admit the rest by themselves.
    ///
    /// Repeating it does no harm, nor do two at once: a floor only rises. On a node that votes already it raises the
    /// floor, when one is given, and does nothing else.
    /// - Parameters:
    ///   - node: The node's place in the configuration, from 0.
    ///   - patience: How long to wait until the node has remembered for longer than the cluster's maximum TTL.
    /// - Throws: ``AdmissionError``.
    public static func admit(
        _ node: Int, of configuration: LockClusterConfiguration, floor: AdmissionFloor,
        patience: Duration = .zero, transport: any ByteTransport = NIOTransport(), runtime: any Runtime = LiveRuntime()
    ) async throws(AdmissionError) -> NodeAdmission {
        do { try configuration.validate() } catch { throw .invalid("\(error)") }
        guard configuration.nodes.indices.contains(node) else {
            throw .invalid("there is no node \(node): \(configuration.nodes.count) are listed, from 0")
        }
        if case .atLeast(let number) = floor, !(0...AdmissionFloor.maximum).contains(number) {
            throw .invalid("a floor of \(number) is not between 0 and 2^52")
        }
        let clients = NodeClients(
            configuration.nodes, scripts: [LockScripts.notice, LockScripts.admit], transport: transport,
            runtime: runtime)
        let admitter = Admitter(
            clients: clients, keys: LockKeys(prefix: configuration.prefix), node: node, floor: floor, runtime: runtime)
        let outcome: Result<NodeAdmission, AdmissionError>
        do throws(AdmissionError) { outcome = .success(try await admitter.run(patience)) } catch {
            outcome = .failure(error)
        }
        await clients.close()
        return try outcome.get()
    }
}

private struct Admitter: Sendable {
    let clients: NodeClients
    let keys: LockKeys
    let node: Int
    let floor: AdmissionFloor
    let runtime: any Runtime

    private var client: RedisClient { clients.all[node] }
    private var majority: Int { Quorum(nodes: clients.all.count).majority }

    private struct Sighting: Sendable {
        var index: Int
        var info: ServerInfo
        var record: NodeRecord
        /// Whether the server syncs every write; asked only where the node's incarnation is not admitted.
        var syncs: Bool

        var ruled: AdmissionRule.Node {
            AdmissionRule.Node(
                record: record, index: index, runID: info.runID, uptime: info.uptime, syncsEveryWrite: syncs)
        }
    }

    func run(_ patience: Duration) async throws(AdmissionError) -> NodeAdmission {
        let deadline = runtime.now.advanced(by: patience)
        var changes = 0
        while true {
            switch try await step(deadline) {
            case .done(let admission): return admission
            case .waited: continue
            case .changed: changes += 1
            }
            guard changes < 10 else {
                throw refused("its record is damaged or changes all the time: look at its key \(keys.prefix)node")
            }
        }
    }

    private enum Step {
        case done(NodeAdmission)
        case waited
        /// Its record is, or should be, another now.
        case changed
    }

    private func step(_ deadline: Instant) async throws(AdmissionError) -> Step {
        if Task.isCancelled { throw .cancelled }
        let sightings = try await look()
        guard let target = sightings.first(where: { $0.index == node }) else { return .changed }
        if let twin = sightings.first(where: { $0.info.runID == target.info.runID && $0.index != node }) {
            throw refused("it is the same server as node \(twin.index): every node must be a server of its own")
        }
        let cluster: ClusterDescriptor
        switch OperatorAdmission.descriptor(
            in: sightings.map { ($0.index, $0.record) }, listed: clients.all.count)
        {
        case .success(let known): cluster = known
        case .failure(let refusal): throw refused(refusal.sentence)
        }
        if let hazard = await client.evictionHazard() { throw refused(hazard) }
        let voters = sightings.filter {
            $0.index != node && AdmissionRule.votes($0.record, index: $0.index, runID: $0.info.runID, in: cluster)
        }
        let verdict = OperatorAdmission.judge(
            target.ruled, cluster: cluster,
            highs: sightings.filter { $0.record.descriptor == cluster }.map { max($0.record.high, $0.record.floor) },
            otherHighs: voters.map(\.record.high), floor: try await floorNumber())
        switch verdict {
        case .refused(let sentence): throw refused(sentence)
        case .notice:
            try await ask { client throws(RedisError) in
                try await client.run(LockScripts.notice, keys: [keys.node], idempotent: true)
            }
            return .changed
        case .tooEarly(let remaining):
            guard runtime.now.advanced(by: remaining) <= deadline else {
                throw .tooEarly(server: client.server, remaining: remaining)
            }
            do { try await runtime.sleep(for: min(remaining, .seconds(1))) } catch { throw .cancelled }
            return .waited
        case .admit(let floor):
            let votedBefore = AdmissionRule.votes(
                target.record, index: node, runID: target.info.runID, in: cluster)
            // A server that was restarted or flushed since it was looked at is looked at again.
            guard try await admit(target, cluster, floor) else { return .changed }
            let others = sightings.filter { $0.index != node && Self.follows($0, cluster, voters, floor) }
            return .done(
                NodeAdmission(
                    node: node, server: client.server, cluster: cluster, floor: max(floor, target.record.floor),
                    votedBefore: votedBefore, voting: others.count + 1, majority: majority))
        }
    }

    /// Whether another node votes, or will as soon as a client looks at it, now that one more is admitted.
    private static func follows(
        _ other: Sighting, _ cluster: ClusterDescriptor, _ voters: [Sighting], _ floor: Int64
    ) -> Bool {
        let highs = voters.filter { $0.index != other.index }.map(\.record.high) + [floor]
        switch AdmissionRule.judge(other.ruled, cluster: cluster, otherHighs: highs) {
        case .voting, .admit: return true
        case .notice, .wait, .foreign: return false
        }
    }

    private func admit(
        _ target: Sighting, _ cluster: ClusterDescriptor, _ floor: Int64
    ) async throws(AdmissionError) -> Bool {
        // The right to vote goes with knowing whether this incarnation's data can be trusted after its end.
        let syncs = target.syncs ? true : await client.syncsEveryWrite()
        let since = target.record.blank.map { "\($0.since.components.seconds)" } ?? ""
        let arguments: [RedisArgument] = [
            RedisArgument(target.info.runID), RedisArgument(cluster.id), RedisArgument(cluster.nodes),
            RedisArgument(node), RedisArgument(cluster.maximumTTL.milliseconds), RedisArgument(floor), syncs ? 1 : 0,
            RedisArgument(since),
        ]
        return try await ask { client throws(RedisError) in
            try await client.run(LockScripts.admit, keys: [keys.node], arguments: arguments, idempotent: true)
        }.integer == 1
    }

    /// Every node that answers; the one to be admitted must. Uptimes are as of before anybody was asked, so what the
    /// others tell is later than the wait that an uptime proves.
    private func look() async throws(AdmissionError) -> [Sighting] {
        let began = runtime.now
        let looks = await clients.onAll { [keys, runtime] index, client throws(RedisError) in
            let info = try await client.ready()
            let record = try await NodeRecord.read(client, keys)
            let text = try await client.send(RedisCommand("INFO", "server").idempotent).text
            guard var fresh = text.flatMap({ ServerInfo(info: $0) }), fresh.runID == info.runID else {
                throw RedisError(.disconnected, .notSent, "it was restarted just now", server: client.server)
            }
            fresh.uptime -= began.duration(to: runtime.now)
            let syncs = record.admitted == fresh.runID ? false : await client.syncsEveryWrite()
            return Sighting(index: index, info: fresh, record: record, syncs: syncs)
        }
        if case .failure(let error) = looks[node] { throw .unreachable(error) }
        return looks.compactMap { try? $0.get() }
    }

    private func floorNumber() async throws(AdmissionError) -> Int64? {
        switch floor {
        case .fromOtherNodes: return nil
        case .atLeast(let number): return number
        case .fromClock:
            let before = runtime.wallTime
            let reply = try await ask { client throws(RedisError) in
                try await client.send(RedisCommand("TIME").idempotent)
            }
            let after = runtime.wallTime
            guard let parts = reply.array, parts.count == 2, let seconds = parts[0].integer,
                let microseconds = parts[1].integer, (0...1 << 40).contains(seconds)
            else { throw refused("its answer to TIME is none: give a number as the floor") }
            let remote = WallTime(microseconds: seconds * 1_000_000 + microseconds)
            let limit: Int64 = 10_000_000
            guard remote.microseconds >= before.microseconds - limit, remote.microseconds <= after.microseconds + limit
            else {
                throw refused(
                    "its clock and this machine's differ by more than 10 s, so one is wrong: set it right, or give a "
                        + "number as the floor")
            }
            guard let number = AdmissionFloor.value(at: max(remote, after)) else {
                throw refused("the clocks are not after 2020: set them right, or give a number as the floor")
            }
            return number
        }
    }

    @discardableResult
    private func ask(
        _ body: (RedisClient) async throws(RedisError) -> RedisReply
    ) async throws(AdmissionError) -> RedisReply {
        do throws(RedisError) { return try await body(client) } catch {
            if error.code == .cancelled { throw .cancelled }
            throw .unreachable(error)
        }
    }

    private func refused(_ sentence: String) -> AdmissionError { .refused(server: client.server, sentence) }
}
