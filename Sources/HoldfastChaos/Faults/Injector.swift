import HoldfastCluster
import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// Carries a fault plan out, and looks from outside whether it really happened.
final class Injector: Sendable {
    struct State {
        var tallies: [String: FaultTally]
        /// Workers and nodes with a fault under way.
        var struck: Set<String> = []
        var latest = ""
    }

    let state: Mutex<State>
    let scenario: Scenario
    let fleet: Fleet
    let ground: Ground
    let tools: FaultTools
    let strangers: Strangers
    let orders: ChaosOrders
    let runtime: any Runtime
    private let history: HistoryWriter
    private let plan: FaultPlan
    private let seed: UInt64
    /// Whether another has used a lock that this worker took and did not give back.
    let overtaken: @Sendable (_ worker: String) async -> Bool

    init(
        _ plan: FaultPlan, of scenario: Scenario, seed: UInt64, fleet: Fleet, ground: Ground,
        tools: FaultTools, strangers: Strangers, orders: ChaosOrders, history: HistoryWriter, runtime: any Runtime,
        overtaken: @escaping @Sendable (_ worker: String) async -> Bool
    ) {
        self.plan = plan
        self.scenario = scenario
        self.seed = seed
        self.fleet = fleet
        self.ground = ground
        self.tools = tools
        self.strangers = strangers
        self.orders = orders
        self.history = history
        self.runtime = runtime
        self.overtaken = overtaken
        state = Mutex(State(tallies: Dictionary(uniqueKeysWithValues: plan.tallies.map { ($0.title, $0) })))
    }

    /// By title.
    var tallies: [FaultTally] { state.withLock { $0.tallies.values.sorted { $0.title < $1.title } } }
    /// The newest fault in words.
    var latest: String { state.withLock { $0.latest } }

    /// Runs the plan; returns when its last fault is over and healed.
    func run() async {
        let start = runtime.now
        await withTaskGroup(of: Void.self) { group in
            for entry in plan.entries {
                guard (try? await runtime.sleep(until: start.advanced(by: entry.at))) != nil else { break }
                group.addTask { await self.inject(entry) }
            }
            await group.waitForAll()
        }
    }

    private func inject(_ entry: FaultPlan.Entry) async {
        switch entry.fault {
        case .killWorker(let point): await killWorker(entry, at: point)
        case .pauseWorker(let point, let span): await pauseWorker(entry, at: point, span: span)
        case .killProgram(let point): await killProgram(entry, at: point)
        case .killNodes(let nodes, let span, let restart): await killNodes(entry, nodes, span: span, restart)
        case .pauseNodes(let nodes, let span): await pauseNodes(entry, nodes, span: span)
        case .clocks(let nodes, let kind, let shift, let rate, let span):
            await turn(entry, nodes, kind, shift: shift, rate: rate, span: span)
        case .links(let links, let fault, let span): await strike(entry, links, fault, span: span)
        case .nodes(let nodes, .memoryLimit, let span): await limitMemory(entry, nodes, span: span)
        case .nodes(let nodes, .evict, let span): await evict(entry, nodes, span: span)
        case .nodes(let nodes, let kind, let span) where kind.isOfDisk:
            await failDisk(entry, nodes, kind, span: span)
        case .nodes(let nodes, let kind, let span): await dropPackets(entry, nodes, kind, span: span)
        case .stranger(let list, let span): await letJoin(entry, list, span: span)
        }
    }

    /// A choice of its own for each entry, whatever happened before.
    func choice(for entry: FaultPlan.Entry) -> SeededGenerator {
        SeededGenerator(seed: seed &+ UInt64(entry.number) &* 0x9E37_79B9)
    }

    // MARK: - Writing down

    /// A fault has begun.
    func note(_ entry: FaultPlan.Entry, _ kind: FaultSpec.Kind, _ target: String, _ detail: String) {
        state.withLock { state in
            state.tallies[entry.title]?.injected += 1
            state.latest = "\(target): \(detail)"
        }
        history.note(
            .nemesis, HistoryFunction.fault,
            [.number(Int64(entry.number)), .text(kind.rawValue), .text(target), .text(detail)])
    }

    /// It was seen from outside.
    func confirm(_ entry: FaultPlan.Entry, _ evidence: String) {
        state.withLock { $0.tallies[entry.title]?.confirm(entry.variant) }
        history.note(.nemesis, HistoryFunction.confirm, [.number(Int64(entry.number)), .text(evidence)])
    }

    func heal(_ entry: FaultPlan.Entry) {
        history.note(.nemesis, HistoryFunction.heal, [.number(Int64(entry.number))])
    }

    /// It could not be.
    func skip(_ entry: FaultPlan.Entry, _ target: String, _ reason: String) {
        state.withLock { $0.tallies[entry.title]?.skip(reason) }
        history.note(
            .nemesis, HistoryFunction.skip,
            [.number(Int64(entry.number)), .text(entry.title), .text(target), .text(reason)])
    }

    /// This machine lacks something for it.
    func skip(_ entry: FaultPlan.Entry, _ target: String, lacking reason: String) {
        state.withLock { $0.tallies[entry.title]?.absence = reason }
        skip(entry, target, reason)
    }

    /// What it is done with could not be made: only what the machine lacks is no fault of the run's.
    func skip(_ entry: FaultPlan.Entry, _ target: String, _ what: String, _ failure: Shim.Failure) {
        let reason = "\(what): \(failure)"
        if failure.isAbsence { skip(entry, target, lacking: reason) } else { skip(entry, target, reason) }
    }

    /// Undoes a fault on each of these, also after one of them has failed.
    /// - Returns: Which failed, and why; nil when none has.
    func healEach(_ nodes: [ClusterMember], _ undo: (ClusterMember) async throws -> Void) async -> String? {
        var failures: [String] = []
        for node in nodes {
            do { try await undo(node) } catch { failures.append("\(node.name) (\(error))") }
        }
        return failures.isEmpty ? nil : failures.joined(separator: ", ")
    }

    /// It could not be undone.
    func abandon(_ entry: FaultPlan.Entry, _ target: String, _ reason: String) {
        state.withLock { $0.tallies[entry.title]?.unhealed += 1 }
        skip(entry, target, reason)
    }

    /// Waits until all of them are free, and takes them for one fault; false when that takes too long, and then the
    /// fault is skipped.
    func occupyInTurn(_ names: [String], for entry: FaultPlan.Entry, _ target: String) async -> Bool {
        for _ in 0..<200 {
            if occupy(names) { return true }
            guard (try? await runtime.sleep(for: .milliseconds(50))) != nil else { break }
        }
        skip(entry, target, "other faults were under way there for too long")
        return false
    }

    /// Takes all of them for one fault; false when one suffers another already.
    func occupy(_ names: [String]) -> Bool {
        state.withLock { state in
            guard state.struck.isDisjoint(with: names) else { return false }
            state.struck.formUnion(names)
            return true
        }
    }

    func free(_ names: [String]) { state.withLock { $0.struck.subtract(names) } }
}
