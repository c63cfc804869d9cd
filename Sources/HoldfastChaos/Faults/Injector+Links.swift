import HoldfastRuntime

extension Injector {
    func strike(_ entry: FaultPlan.Entry, _ links: [FaultPlan.Link], _ fault: LinkFault, span: Duration) async {
        guard let all = tools.links else { return skip(entry, "links", "the workers have no links") }
        let names = Set(links.map { ground.nodes[$0.node].name }).sorted()
        let title = names.joined(separator: " ")
        let places = links.map { "link \($0.worker) \($0.node)" }
        guard await occupyInTurn(places, for: entry, title) else { return }
        defer { free(places) }
        let before = links.map { all.link($0).counters.struck(by: fault) }
        note(entry, fault.kind, title, "\(links.count) links for \(span.milliseconds) ms")
        var deaf = await set(fault, on: links, of: all)
        try? await runtime.sleep(for: span)
        // Clients may not have tried meanwhile.
        if fault.kind == .refuse { for link in links { _ = await all.link(link).isRefusing() } }
        let counts = zip(links, before).map { all.link($0).counters.struck(by: fault) - $1 }
        deaf += await set(nil, on: links, of: all)
        guard deaf.isEmpty else {
            return abandon(entry, title, "links do not listen again: \(deaf.joined(separator: "; "))")
        }
        heal(entry)
        if Self.isMet(Array(zip(links, counts)), byEach: fault.kind == .refuse) {
            let byNode = Dictionary(grouping: zip(links, counts), by: \.0.node).sorted { $0.key < $1.key }
            let words = byNode.map { node, links in "\(ground.nodes[node].name) \(links.reduce(0) { $0 + $1.1 })" }
            confirm(entry, "the links' counters of what met it: \(words.joined(separator: ", "))")
        }
    }

    /// Whether a fault of links has met what it was to meet: each node, however many links lead there; where workers
    /// are cut off from different nodes, at least two workers, for one alone sees nothing that others do not.
    /// - Parameter isByEach: Each link must have.
    static func isMet(_ counts: [(link: FaultPlan.Link, count: Int)], byEach isByEach: Bool) -> Bool {
        let met = counts.filter { $0.count > 0 }.map(\.link)
        if isByEach { return met.count == counts.count }
        let nodes = Dictionary(grouping: counts, by: \.link.worker).mapValues { Set($0.map(\.link.node)) }
        if Set(nodes.values).count > 1 { return Set(met.map(\.worker)).count > 1 }
        return Set(met.map(\.node)) == Set(counts.map(\.link.node))
    }

    /// - Returns: For links that cannot be what they are to be, why.
    private func set(_ fault: LinkFault?, on links: [FaultPlan.Link], of all: Links) async -> [String] {
        var reasons: [String] = []
        for link in links {
            do { try await all.link(link).set(fault) } catch { reasons.append("port \(all.link(link).port), \(error)") }
        }
        return reasons
    }
}
