import HoldfastRuntime

extension Injector {
    func strike(_ entry: FaultPlan.Entry, _ links: [FaultPlan.Link], _ fault: LinkFault, span: Duration) async {
        guard let all = tools.links else { return skip(entry, "links", "the workers have no links") }
        let names = Set(links.map { ground.nodes[$0.node].name }).sorted()
        let title = names.joined(separator: " ")
        let places = links.map { "link \($0.worker) \($0.node)" }
        guard await occupyInTurn(places, for: entry, title) else { return }
        defer { free(places) }
        let struck = links.map { all.link($0) }
        let before = struck.reduce(0) { $0 + $1.counters.struck(by: fault) }
        note(entry, fault.kind, title, "\(links.count) links for \(span.milliseconds) ms")
        for link in struck { await link.set(fault) }
        try? await runtime.sleep(for: span)
        let count = struck.reduce(0) { $0 + $1.counters.struck(by: fault) } - before
        for link in struck { await link.set(nil) }
        heal(entry)
        if count > 0 { confirm(entry, "the links' counters: \(count) pieces or connections met it") }
    }
}
