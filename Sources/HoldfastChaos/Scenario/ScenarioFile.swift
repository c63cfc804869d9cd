import Foundation
import HoldfastHistory
import HoldfastRuntime
import Yams

extension Scenario {
    /// Reads a scenario from a file.
    /// - Throws: ``ChaosError`` with file, line and field.
    public init(file path: String) throws(ChaosError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ChaosError("cannot read the scenario \(path)", isUsage: true)
        }
        let file = URL(fileURLWithPath: path)
        try self.init(
            yaml: String(decoding: data, as: UTF8.self), name: file.deletingPathExtension().lastPathComponent,
            file: file.lastPathComponent)
    }

    /// The scenarios in a directory, by name.
    public static func all(in directory: String) throws(ChaosError) -> [Scenario] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw ChaosError("there is no directory \(directory) with scenarios", isUsage: true)
        }
        var scenarios: [Scenario] = []
        for name in names.sorted() where name.hasSuffix(".yml") {
            scenarios.append(try Scenario(file: "\(directory)/\(name)"))
        }
        return scenarios
    }

    /// - Parameter file: As complaints call it.
    public init(yaml: String, name: String, file: String) throws(ChaosError) {
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw ChaosError("\(file): \(error)", isUsage: true) }
        guard let root else { throw ChaosError("\(file) is empty", isUsage: true) }
        var fields = try FieldReader(root, file: file, path: "")
        let about = try fields.required("about")
        guard var work = try fields.fields("workload") else { throw fields.complaint("workload", "is missing") }
        self.init(name: name, about: about, workload: try Workload(&work))
        if var topology = try fields.fields("topology") {
            self.topology.nodes = try topology.number("nodes", in: 0...9) ?? self.topology.nodes
            self.topology.workers = try topology.number("workers", in: 1...32) ?? self.topology.workers
            try topology.finish()
        }
        for var record in try fields.records("faults") { faults.append(try FaultSpec(&record, topology)) }
        guarantees = try fields.choices("guarantees", Guarantee.self) ?? []
        guard !guarantees.isEmpty else {
            throw fields.complaint("guarantees", "a scenario judges something: name at least one")
        }
        sometimes = try fields.choices("sometimes", Occurrence.self) ?? []
        mutants = try fields.choices("mutants", Mutant.self) ?? []
        if var budget = try fields.fields("budget") {
            self.budget.seconds = try budget.number("seconds", in: 1...86_400) ?? self.budget.seconds
            self.budget.drain = try budget.span("drain") ?? self.budget.drain
            self.budget.recovery = try budget.span("recovery") ?? self.budget.recovery
            try budget.finish()
        }
        if faults.contains(where: { $0.kind == .killProgram }), workload.kind != .jobs {
            throw fields.complaint("faults", "only the workers of the workload jobs run programs")
        }
        if topology.nodes == 0, workload.kind != .jobs {
            throw fields.complaint("topology", "only the workload jobs does without lock nodes")
        }
        try fields.finish()
    }
}

extension Workload {
    fileprivate init(_ fields: inout FieldReader) throws(ChaosError) {
        guard let kind = try fields.choice("kind", Kind.self) else { throw fields.complaint("kind", "is missing") }
        self.init(kind)
        lockTTL = try fields.span("lock-ttl") ?? lockTTL
        jobLease = try fields.span("job-lease") ?? jobLease
        guard lockTTL >= .milliseconds(100) else { throw fields.complaint("lock-ttl", "at least 100ms") }
        guard jobLease >= .milliseconds(500) else { throw fields.complaint("job-lease", "at least 500ms") }
        keys = try fields.number("keys", in: 1...1000) ?? keys
        concurrency = try fields.number("concurrency", in: 1...64) ?? concurrency
        backlog = try fields.number("backlog", in: 1...10_000) ?? backlog
        if kind == .agents, keys < 2 { throw fields.complaint("keys", "a transfer needs two accounts") }
        try fields.finish()
    }
}

extension FaultSpec {
    fileprivate init(_ fields: inout FieldReader, _ topology: Scenario.Topology) throws(ChaosError) {
        guard let kind = try fields.choice("fault", Kind.self) else { throw fields.complaint("fault", "is missing") }
        let target = try Self.target(try fields.required("on"), fields)
        let rhythm: Rhythm
        if let times = try fields.list("at") {
            if try fields.span("every") != nil { throw fields.complaint("every", "either 'every' or 'at'") }
            var spans: [Duration] = []
            for text in times { spans.append(try fields.span(text, of: "at")) }
            rhythm = .at(spans)
        } else if let every = try fields.span("every"), every >= .milliseconds(100) {
            rhythm = .every(every)
        } else {
            throw fields.complaint("every", "say when: 'every: 3s' (100ms at least) or 'at: [2s, 5s]'")
        }
        self.init(kind, on: target, rhythm)
        if let names = try fields.list("points") { points = names.map { $0 == "any" ? nil : $0 } }
        for point in points {
            if let point, !Points.all.contains(point) {
                let known = (["any"] + Points.all).joined(separator: ", ")
                throw fields.complaint("points", "there is no point \(point); known: \(known)")
            }
        }
        if let texts = try fields.list("for") { spans = try Self.ranges(texts, fields) }
        extent = try fields.span("by") ?? extent
        restarts = try fields.choices("restart", Restart.self) ?? restarts
        lists = try fields.choices("list", NodeList.self) ?? lists
        guard !points.isEmpty, !spans.isEmpty, !restarts.isEmpty, !lists.isEmpty else {
            throw fields.complaint("fault", "a list of points, spans, restarts or lists has at least one element")
        }
        try check(fields, topology)
        try fields.finish()
    }

    private func check(_ fields: FieldReader, _ topology: Scenario.Topology) throws(ChaosError) {
        if kind.isOfNetwork, target == .worker {
            throw fields.complaint("on", "\(kind.rawValue) strikes links: node, minority, majority, ring or a node")
        }
        if !kind.isOfWorkers, target == .worker {
            throw fields.complaint("on", "\(kind.rawValue) strikes lock nodes: node, minority, majority or a node")
        }
        if kind == .otherNodes, target != .worker || topology.nodes < 3 {
            throw fields.complaint("on", "other-nodes makes a worker, beside three lock nodes or more")
        }
        if kind == .killProgram, target != .worker {
            throw fields.complaint("on", "kill-program strikes what a worker runs")
        }
        let isOfPrograms = { (point: String?) in point.map(Points.ofPrograms.contains) }
        if points.contains(where: { isOfPrograms($0) == (kind != .killProgram) }) {
            let known = Points.ofPrograms.joined(separator: " and ")
            throw fields.complaint("points", "kill-program, and nothing else, strikes at \(known)")
        }
        if !kind.isOfNetwork, target == .ring { throw fields.complaint("on", "a ring is made of links, not of nodes") }
        if target != .worker, points != [nil] { throw fields.complaint("points", "only workers come to points") }
        if kind == .pause, target == .worker, points.contains(nil) {
            throw fields.complaint("points", "say at which points workers are paused")
        }
        if target != .worker, topology.nodes == 0 { throw fields.complaint("on", "there are no lock nodes") }
        if case .named(let name) = target, !(1...max(1, topology.nodes)).contains(where: { name == "node-\($0)" }) {
            throw fields.complaint("on", "there is no \(name): there are node-1 to node-\(topology.nodes)")
        }
    }

    private static func target(_ text: String, _ fields: FieldReader) throws(ChaosError) -> Target {
        switch text {
        case "worker": return .worker
        case "node": return .node
        case "minority": return .minority
        case "majority": return .majority
        case "ring": return .ring
        default:
            guard text.hasPrefix("node-") else {
                throw fields.complaint(
                    "on", "worker, node, minority, majority, ring or a name such as node-2, not \(text)")
            }
            return .named(text)
        }
    }

    /// `1s` or `1s..2s`.
    private static func ranges(
        _ texts: [String], _ fields: FieldReader
    ) throws(ChaosError) -> [ClosedRange<Duration>] {
        var ranges: [ClosedRange<Duration>] = []
        for text in texts {
            let parts = text.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
            guard (1...2).contains(parts.count) else { throw fields.complaint("for", "1s or 1s..2s, not \(text)") }
            let low = try fields.span(parts[0], of: "for")
            let high = try fields.span(parts[parts.count - 1], of: "for")
            guard low <= high else { throw fields.complaint("for", "\(text) ends before it begins") }
            ranges.append(low...high)
        }
        return ranges
    }
}
