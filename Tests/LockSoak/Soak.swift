public import HoldfastCluster
public import HoldfastLocks
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Synchronization

/// Runs lock cycles of all kinds, with failures among them, and then looks for what they left behind: keys, tasks,
/// timers, listeners, connections, descriptors, memory.
public struct Soak: Sendable {
    private let configuration: SoakConfiguration
    private let cluster: LocalCluster
    private let runtime = LiveRuntime()
    private let transport = FaultyTransport()

    /// - Parameter cluster: Lock nodes that nobody else uses.
    public init(_ configuration: SoakConfiguration, on cluster: LocalCluster) {
        self.configuration = configuration
        self.cluster = cluster
    }

    /// - Parameters:
    ///   - progress: Told ten times how far it is, with what the process uses.
    ///   - beforeTheEnd: Runs under watch between the last cycle and the search: a leak that is planted there must be
    ///     found.
    public func run(
        progress: @escaping @Sendable (String) -> Void = { _ in },
        beforeTheEnd: @escaping @Sendable (LockCluster) async throws -> Void = { _ in }
    ) async throws -> SoakReport {
        var report = SoakReport()
        var setup = try LockClusterConfiguration(urls: cluster.nodeURLs)
        setup.asks = configuration.asks
        _ = try await LockCluster.initialize(setup, maximumTTL: SoakConfiguration.maximumTTL)
        let nodes = setup.nodes.map { RedisClient($0) }
        for node in nodes { try await node.ready(within: .seconds(20)) }
        // Sleeping takes a descriptor once, for the process' timers.
        try await runtime.sleep(for: .milliseconds(1))
        let before = ProcessFigures.descriptors
        report.note(before)

        let locks = try await LockCluster.connect(setup, patience: .seconds(20), transport: transport)
        let shared = try (0..<SoakCycle.sharedNames).map { try LockName("shared/\($0)") }
        let owns = try (0..<configuration.callers).map { try LockName("own/\($0)") }
        let log = SoakLog(configuration, progress)
        let start = runtime.now
        let (outcome, traces) = await Watch.over { [self] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<configuration.callers {
                    let cycle = SoakCycle(locks: locks, nodes: nodes, own: owns[caller], shared: shared)
                    group.addTask { try await self.cycle(cycle, caller, log) }
                }
                try await group.waitForAll()
            }
            try await beforeTheEnd(locks)
        }
        report.elapsed = start.duration(to: runtime.now)
        try outcome.get()
        log.fill(&report)

        let keys = Set((shared + owns).map { "holdfast:fence:\($0.text)" } + ["holdfast:node"])
        await look(for: &report, traces, nodes, keys, before)
        await locks.close()
        if await !holds({ ProcessFigures.growth(since: before).isEmpty && transport.streams == 0 }) {
            report.leaks.append(
                "after the end \(transport.streams) streams are open, and \(ProcessFigures.growth(since: before))")
        }
        report.note(ProcessFigures.descriptors)
        for node in nodes { await node.close(grace: .zero) }
        return report
    }

    private func cycle(_ cycle: SoakCycle, _ caller: Int, _ log: SoakLog) async throws {
        var chance = SplitMix(seed: configuration.seed &* 1000 &+ UInt64(caller))
        while let number = log.next() {
            if number % configuration.resetInterval == 0 {
                let node = number / configuration.resetInterval % cluster.nodes.count
                transport.link(to: cycle.nodes[node].configuration.address).reset()
                log.noteReset()
            }
            let kind = SoakCycle.Kind.draw(chance.next())
            let outcome = try await cycle.run(kind, chance.next())
            log.note("\(kind.rawValue), \(outcome)")
        }
    }

    /// Everything that can be looked for while the cluster is connected.
    private func look(
        for report: inout SoakReport, _ traces: Watch.Traces, _ nodes: [RedisClient], _ known: Set<String>,
        _ before: [String: Int]
    ) async {
        // What a lost connection took along ends with its TTL; everything else has ended already.
        var strange: Set<String> = []
        if await !holds({
            strange = await self.strangeKeys(nodes, known); return strange.isEmpty
        }) {
            report.leaks.append("\(strange.count) keys, among them \(strange.sorted().prefix(3))")
        }
        if await !holds({ await self.listenedChannels(nodes) == 0 }) {
            report.leaks.append("\(await listenedChannels(nodes)) channels are listened to")
        }
        if await !holds({ !traces.hasTasks }) { report.leaks.append("a task is left") }
        // The one for the limits of all rounds goes when no round is under way.
        if await !holds({ traces.counts.liveTimers.value == 0 }) {
            report.leaks.append("\(traces.counts.liveTimers.value) timers are left")
        }
        // A connection a node for the locks, and one for the messages.
        let connected = before.merging(["socket": 2 * nodes.count], uniquingKeysWith: +)
        if await !holds({ ProcessFigures.growth(since: connected).isEmpty }) {
            report.leaks.append("more descriptors than connections: \(ProcessFigures.growth(since: connected))")
        }
        report.note(ProcessFigures.descriptors)
        report.residentBytes.append(ProcessMemory.resident)
        if let limit = configuration.growthLimit {
            let growth = report.residentBytes[1] - report.residentBytes[0]
            if growth > limit {
                report.leaks.append("it grew by \(growth) bytes after the warm-up, \(limit) are allowed")
            }
        }
    }

    private func strangeKeys(_ nodes: [RedisClient], _ known: Set<String>) async -> Set<String> {
        var strange: Set<String> = []
        for node in nodes {
            let keys = (try? await node.send(RedisCommand("KEYS", "*")))?.array
            strange.formUnion((keys ?? [.status("\(node.server) does not answer")]).compactMap(\.text))
        }
        return strange.subtracting(known)
    }

    private func listenedChannels(_ nodes: [RedisClient]) async -> Int {
        var count = 0
        for node in nodes {
            count += (try? await node.send(RedisCommand("PUBSUB", "CHANNELS")))?.array?.count ?? 1
        }
        return count
    }

    /// Whether `condition` comes true in time.
    private func holds(_ condition: () async -> Bool) async -> Bool {
        let deadline = runtime.now.advanced(by: configuration.patience)
        while await !condition() {
            guard runtime.now < deadline else { return false }
            try? await runtime.sleep(for: .milliseconds(20))
        }
        return true
    }
}

/// Counts cycles for all callers, and takes the process' measure when it is warm.
private final class SoakLog: Sendable {
    private struct State {
        var begun = 0
        var outcomes: [String: Int] = [:]
        var resets = 0
        var warm: (descriptors: [String: Int], bytes: Int)?
    }

    private let state = Mutex(State())
    private let cycles: Int
    private let warmUp: Int
    private let progress: @Sendable (String) -> Void

    init(_ configuration: SoakConfiguration, _ progress: @escaping @Sendable (String) -> Void) {
        cycles = configuration.cycles
        warmUp = Int(Double(cycles) * configuration.warmUp)
        self.progress = progress
    }

    /// The number of the cycle to run now; nil when all have been begun.
    func next() -> Int? {
        let number = state.withLock { state -> Int? in
            guard state.begun < cycles else { return nil }
            state.begun += 1
            if state.begun == warmUp { state.warm = (ProcessFigures.descriptors, ProcessMemory.resident) }
            return state.begun
        }
        if let number, number.isMultiple(of: max(1, cycles / 10)) {
            progress(
                "\(number) cycles begun, \(ProcessFigures.descriptors.values.reduce(0, +)) descriptors, "
                    + "\(ProcessMemory.resident >> 20) MiB")
        }
        return number
    }

    func note(_ outcome: String) { state.withLock { $0.outcomes[outcome, default: 0] += 1 } }

    func noteReset() { state.withLock { $0.resets += 1 } }

    func fill(_ report: inout SoakReport) {
        let state = self.state.withLock { $0 }
        report.outcomes = state.outcomes
        report.resets = state.resets
        report.note(state.warm?.descriptors ?? [:])
        report.residentBytes.append(state.warm?.bytes ?? 0)
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
private struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
