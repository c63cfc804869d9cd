import HoldfastRedis
import HoldfastRuntime
import Logging
import Synchronization

/// Looks at every new connection's node: checks its record, and admits its incarnation when the rule allows it. Any
/// client may do so, and two at once do no harm.
final class Keeper: Sendable {
    private let nodes: [LockNode]
    private let keys: LockKeys
    private let runtime: any Runtime
    private let log: Logger
    private let descriptor = Mutex<ClusterDescriptor?>(nil)

    init(_ nodes: [LockNode], keys: LockKeys, runtime: any Runtime, log: Logger) {
        self.nodes = nodes
        self.keys = keys
        self.runtime = runtime
        self.log = log
    }

    /// The cluster's descriptor, once a majority of nodes has shown it.
    var cluster: ClusterDescriptor? { descriptor.withLock { $0 } }

    /// Looks whenever `wake` says that something changed, and again soon while a node is unsettled.
    func run(wake: AsyncStream<Void>, afterPass: @Sendable () -> Void) async {
        var events = wake.makeAsyncIterator()
        while !Task.isCancelled {
            await pass()
            afterPass()
            if nodes.allSatisfy(\.isSettled) {
                guard await events.next() != nil else { return }
            } else {
                try? await runtime.sleep(for: .milliseconds(100) + runtime.jitter(upTo: .milliseconds(100)))
            }
        }
    }

    private struct Sighting: Sendable {
        var node: LockNode
        var info: ServerInfo
        var record: NodeRecord
    }

    /// One look at all nodes.
    func pass() async {
        let sightings = await look()
        guard let cluster = learn(from: sightings) else { return }
        let voters = sightings.filter {
            AdmissionRule.votes($0.record, index: $0.node.index, runID: $0.info.runID, in: cluster)
        }
        for sighting in sightings where sighting.node.needsJudgement {
            // One server listed twice (under two names) would vote twice.
            if let twin = sightings.first(where: { $0.info.runID == sighting.info.runID && $0.node !== sighting.node })
            {
                settle(sighting, .foreign("it is the same server as node \(twin.node.index)"))
                continue
            }
            let highs = voters.filter { $0.node !== sighting.node }.map(\.record.high)
            await judge(sighting, cluster, otherHighs: highs)
        }
    }

    private func judge(_ sighting: Sighting, _ cluster: ClusterDescriptor, otherHighs: [Int64]) async {
        let node = sighting.node
        var syncs = false
        if sighting.record.admitted != sighting.info.runID {
            if let hazard = await node.client.evictionHazard() {
                // What it evicts now it will not know after a restart with a better policy, whatever it syncs.
                if sighting.record.durable, sighting.record.descriptor == cluster {
                    _ = try? await node.client.send(
                        RedisCommand("HDEL", keys.node, "durable").idempotent)
                }
                return settle(sighting, .waiting(hazard))
            }
            syncs = await node.client.syncsEveryWrite()
        }
        let verdict = AdmissionRule.judge(
            AdmissionRule.Node(
                record: sighting.record, index: node.index, runID: sighting.info.runID,
                uptime: sighting.info.uptime, syncsEveryWrite: syncs),
            cluster: cluster, otherHighs: otherHighs)
        switch verdict {
        case .voting: settle(sighting, voting(sighting.info.runID))
        case .foreign(let reason): settle(sighting, .foreign(reason))
        case .wait(let reason): settle(sighting, .waiting(reason))
        case .notice:
            settle(sighting, .waiting("it is blank: it may have forgotten leases and tokens"))
            _ = try? await node.client.run(LockScripts.notice, keys: [keys.node])
        case .admit(let floor):
            let since = sighting.record.blank.map { "\($0.since.components.seconds)" } ?? ""
            let reply = try? await node.client.run(
                LockScripts.admit, keys: [keys.node],
                arguments: [
                    RedisArgument(sighting.info.runID), RedisArgument(cluster.id), RedisArgument(cluster.nodes),
                    RedisArgument(node.index), RedisArgument(cluster.maximumTTL.milliseconds), RedisArgument(floor),
                    syncs ? 1 : 0, RedisArgument(since),
                ])
            if reply?.integer == 1 {
                log.info("admitted a lock node", metadata: ["node": "\(node.client.server)", "floor": "\(floor)"])
                settle(sighting, voting(sighting.info.runID))
            }
        }
    }

    private func voting(_ runID: String) -> LockNode.Standing {
        .voting(runID: runID, encoded: RedisCommand.encodeArgument(RedisArgument(runID)))
    }

    private func settle(_ sighting: Sighting, _ standing: LockNode.Standing) {
        if case .foreign(let reason) = standing, sighting.node.current != standing {
            log.error(
                "a lock node is not used", metadata: ["node": "\(sighting.node.client.server)", "why": "\(reason)"])
        }
        sighting.node.settle(standing, runID: sighting.info.runID)
    }

    /// Reads all connected nodes' records in parallel.
    private func look() async -> [Sighting] {
        let keys = self.keys
        let runtime = self.runtime
        // One moment for all, before any is asked: the others' marks must be read after the wait that an uptime proves,
        // also when this client is suspended between asking the one and the other.
        let began = runtime.now
        return await withTaskGroup(of: Sighting?.self) { group in
            for node in nodes {
                group.addTask {
                    guard let info = try? node.client.serverInfo() else { return nil }
                    guard
                        let replies = try? await node.client.pipeline([
                            RedisCommand("HMGET", arguments: [keys.node] + NodeRecord.fields),
                            RedisCommand("INFO", "server"),
                        ]), case .success(let fields) = replies[0], let record = NodeRecord(fields),
                        case .success(let text) = replies[1], var fresh = text.text.flatMap({ ServerInfo(info: $0) }),
                        fresh.runID == info.runID
                    else { return nil }
                    // As of before the question was sent: never more than it was.
                    fresh.uptime -= began.duration(to: runtime.now)
                    return Sighting(node: node, info: fresh, record: record)
                }
            }
            var sightings: [Sighting] = []
            for await case let sighting? in group { sightings.append(sighting) }
            return sightings.sorted { $0.node.index < $1.node.index }
        }
    }

    /// The descriptor that a majority of the listed nodes shows.
    private func learn(from sightings: [Sighting]) -> ClusterDescriptor? {
        if let known = cluster { return known }
        let majority = Quorum(nodes: nodes.count).majority
        for candidate in Set(sightings.compactMap(\.record.descriptor)) where candidate.nodes == nodes.count {
            let shown = sightings.count { $0.record.descriptor == candidate && $0.record.index == $0.node.index }
            if shown >= majority {
                descriptor.withLock { $0 = candidate }
                return candidate
            }
        }
        let placed = sightings.count { $0.record.index == $0.node.index && $0.record.descriptor?.nodes == nodes.count }
        for sighting in sightings {
            switch sighting.record.descriptor {
            case nil where placed > 0:
                settle(sighting, .waiting("it is blank: it may have forgotten leases and tokens"))
            case nil: settle(sighting, .waiting("it is blank: no lock cluster was initialised"))
            case let own? where own.nodes == nodes.count && sighting.record.index == sighting.node.index:
                settle(
                    sighting,
                    .waiting(
                        "only \(placed) of \(majority) nodes show a cluster's record: "
                            + "'holdfast cluster doctor' says what to do"))
            case let other?:
                settle(
                    sighting,
                    .waiting(
                        "it was initialised as node \(sighting.record.index ?? -1) of \(other.nodes), "
                            + "but is listed as node \(sighting.node.index) of \(nodes.count)"))
            }
        }
        return nil
    }
}

extension LockNode {
    /// Nothing to do until the connection changes.
    fileprivate var isSettled: Bool {
        switch current {
        case .voting, .foreign: true
        case .unknown: connectionError != nil
        case .waiting: false
        }
    }

    fileprivate var needsJudgement: Bool {
        switch current {
        case .unknown, .waiting: true
        case .voting, .foreign: false
        }
    }
}
