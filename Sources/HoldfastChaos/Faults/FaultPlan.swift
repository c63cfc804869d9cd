import HoldfastRuntime

/// What happens when: a pure function of the scenario and the seed. What the processes make of it is not, for they are
/// real.
struct FaultPlan: Sendable, Hashable {
    /// Something that will be done.
    enum Fault: Sendable, Hashable {
        /// SIGKILL a worker: at a named point, or wherever it is.
        case killWorker(at: String?)
        /// SIGSTOP a worker at a named point, and wake it after `span`.
        case pauseWorker(at: String, span: Duration)
        /// SIGKILL a program that a worker runs for a job: at a named point, or wherever it is.
        case killProgram(at: String?)
        /// SIGKILL nodes and start them again after `span`.
        case killNodes([Int], span: Duration, FaultSpec.Restart)
        case pauseNodes([Int], span: Duration)
        /// The clocks of nodes jump by `shift` and run at `rate`.
        case clocks([Int], FaultSpec.Kind, shift: Duration, rate: Double, span: Duration)
        /// Does to nodes what their kind of fault says, for `span`.
        case nodes([Int], FaultSpec.Kind, span: Duration)
        /// For `span`, lets a worker join whose list of nodes is another.
        case stranger(FaultSpec.NodeList, span: Duration)
        /// Does it to the links between workers and nodes.
        case links([Link], LinkFault, span: Duration)
    }

    /// The connection of a worker's place to a node.
    struct Link: Sendable, Hashable {
        public var worker: Int
        public var node: Int
    }

    struct Entry: Sendable, Hashable {
        /// Its place in the plan, from 1.
        public var number: Int
        public var at: Duration
        /// The kind of fault, as the scenario names it.
        public var title: String
        public var fault: Fault

        /// Which of its kind's forms it has; empty where there is one only.
        var variant: String {
            switch fault {
            case .killWorker(let point), .killProgram(let point): "at \(point ?? "any point")"
            case .pauseWorker(let point, _): "at \(point)"
            case .killNodes(_, _, let restart): "back with \(restart.words)"
            case .stranger(let list, _): "\(list.rawValue) list"
            case .pauseNodes, .clocks, .nodes, .links: ""
            }
        }
    }

    /// In order of time.
    var entries: [Entry] = []
    /// All kinds of faults of the scenario, also those of which the run is too short for one.
    let titles: [String]

    init(_ scenario: Scenario, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        titles = Set(scenario.faults.map(\.title)).sorted()
        for spec in scenario.faults {
            let moments = Self.moments(spec.rhythm, span: .seconds(scenario.budget.seconds), &random)
            for (index, moment) in moments.enumerated() {
                let drawn = Self.draw(spec.spans[index % spec.spans.count], &random)
                let fault = Self.fault(
                    spec, index, span: Self.fits(spec.target) ? min(drawn, moment.room) : drawn, scenario.topology,
                    &random)
                entries.append(Entry(number: 0, at: moment.at, title: spec.title, fault: fault))
            }
        }
        entries.sort { $0.at < $1.at }
        for index in entries.indices { entries[index].number = index + 1 }
    }

    /// How many entries there are of each kind.
    var counts: [String: Int] { entries.reduce(into: [:]) { $0[$1.title, default: 0] += 1 } }

    /// One for each kind of fault, nothing injected yet.
    var tallies: [FaultTally] { titles.map { FaultTally($0, of: self) } }

    /// Whether faults of this kind follow each other without overlap: what strikes a minority must not add up to more.
    private static func fits(_ target: FaultSpec.Target) -> Bool { target != .worker }

    /// When, and for how long until the next may come.
    private static func moments(
        _ rhythm: FaultSpec.Rhythm, span: Duration, _ random: inout SeededGenerator
    ) -> [(at: Duration, room: Duration)] {
        switch rhythm {
        case .at(let times):
            return times.filter { $0 < span }.sorted().map { ($0, span) }
        case .every(let interval):
            let count = max(1, Int((span.seconds / interval.seconds).rounded()))
            // One in each of so many equal parts: a twentieth is left at the beginning, three at the end.
            let part = span * (0.8 / Double(count))
            return (0..<count).map { index in
                let at = span * 0.05 + part * (Double(index) + Double.random(in: 0...0.6, using: &random))
                return (at, part * 0.4)
            }
        }
    }

    private static func draw(_ range: ClosedRange<Duration>, _ random: inout SeededGenerator) -> Duration {
        .nanoseconds(Int64.random(in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds, using: &random))
    }

    private static func fault(
        _ spec: FaultSpec, _ index: Int, span: Duration, _ topology: Scenario.Topology,
        _ random: inout SeededGenerator
    ) -> Fault {
        let point = spec.points[index % spec.points.count]
        if spec.kind == .otherNodes { return .stranger(spec.lists[index % spec.lists.count], span: span) }
        if spec.kind == .killProgram { return .killProgram(at: point) }
        if spec.target == .worker {
            guard spec.kind == .pause, let point else { return .killWorker(at: point) }
            return .pauseWorker(at: point, span: span)
        }
        let groups = victims(spec.target, topology, &random)
        if spec.kind.isOfNetwork {
            let links = groups.enumerated().flatMap { worker, nodes in nodes.map { Link(worker: worker, node: $0) } }
            return .links(links, LinkFault(kind: spec.kind, delay: spec.extent), span: span)
        }
        // The same for all workers.
        let nodes = groups[0]
        switch spec.kind {
        case .pause: return .pauseNodes(nodes, span: span)
        case .clockForward: return .clocks(nodes, spec.kind, shift: spec.extent, rate: 1, span: span)
        case .clockBack: return .clocks(nodes, spec.kind, shift: .zero - spec.extent, rate: 1, span: span)
        case .clockFast: return .clocks(nodes, spec.kind, shift: .zero, rate: 5, span: span)
        case .clockSlow: return .clocks(nodes, spec.kind, shift: .zero, rate: 0.2, span: span)
        case .kill: return .killNodes(nodes, span: span, spec.restarts[index % spec.restarts.count])
        default: return .nodes(nodes, spec.kind, span: span)
        }
    }

    /// The nodes that are struck, as each worker's place sees it.
    private static func victims(
        _ target: FaultSpec.Target, _ topology: Scenario.Topology, _ random: inout SeededGenerator
    ) -> [[Int]] {
        let majority = topology.nodes / 2 + 1
        func some(_ count: Int) -> [[Int]] {
            var nodes = Array(0..<topology.nodes)
            nodes.shuffle(using: &random)
            return Array(repeating: nodes.prefix(count).sorted(), count: topology.workers)
        }
        switch target {
        case .worker: return []
        case .node: return some(1)
        case .minority: return some(topology.nodes - majority)
        case .majority: return some(majority)
        case .ring:
            let lost = topology.nodes - majority
            return (0..<topology.workers).map { worker in
                (0..<lost).map { (worker + $0) % topology.nodes }.sorted()
            }
        case .named(let name):
            let node = (Int(name.dropFirst("node-".count)) ?? 1) - 1
            return Array(repeating: [node], count: topology.workers)
        }
    }
}

extension Duration {
    static func * (span: Duration, factor: Double) -> Duration {
        .nanoseconds(Int64(Double(span.nanoseconds) * factor))
    }
}
