import HoldfastRuntime

extension Injector {
    func dropPackets(_ entry: FaultPlan.Entry, _ indices: [Int], _ kind: FaultSpec.Kind, span: Duration) async {
        let names = indices.map { ground.nodes[$0].name }
        let title = names.joined(separator: " ")
        guard let kernel = tools.kernel, kernel.absence == nil else {
            return skip(entry, title, lacking: tools.kernel?.absence ?? "no rules were prepared")
        }
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        note(entry, kind, title, "for \(span.milliseconds) ms")
        guard await kernel.drop(kind, indices.map { ground.nodes[$0].port }, entry.number) else {
            return abandon(entry, title, "nft did not take the rules")
        }
        try? await runtime.sleep(for: span)
        let counts = await kernel.dropped(entry.number)
        guard await kernel.heal(entry.number) else { return abandon(entry, title, "nft did not take the rules back") }
        heal(entry)
        if counts.count == indices.count, counts.allSatisfy({ $0 > 0 }) {
            confirm(entry, "the kernel's counters: \(counts.map(String.init).joined(separator: ", ")) packets dropped")
        }
    }
}
