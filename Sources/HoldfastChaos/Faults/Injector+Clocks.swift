import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime

extension Injector {
    /// - Parameters:
    ///   - shift: How far the nodes' clocks jump.
    ///   - rate: How fast they run from then on.
    func turn(
        _ entry: FaultPlan.Entry, _ indices: [Int], _ kind: FaultSpec.Kind, shift: Duration, rate: Double,
        span: Duration
    ) async {
        let nodes = indices.map { ground.members[$0] }
        let names = nodes.map(\.name)
        let title = names.joined(separator: " ")
        guard let clocks = tools.clocks else {
            return skip(entry, title, lacking: "clocks cannot be set: the nodes are somebody else's")
        }
        if let failure = clocks.failure { return skip(entry, title, "clocks cannot be set", failure) }
        guard await occupyInTurn(names, for: entry, title) else { return }
        defer { free(names) }
        let speed = rate == 1 ? "" : ", \(rate) times as fast"
        note(entry, kind, title, "the clock jumps by \(shift.milliseconds) ms\(speed), for \(span.milliseconds) ms")
        for index in indices { clocks.pages[index].set(shift: shift, rate: rate) }
        try? await runtime.sleep(for: span)
        var offsets: [Duration] = []
        for node in nodes { if let offset = await clockOffset(of: node) { offsets.append(offset) } }
        for index in indices { clocks.pages[index].reset() }
        heal(entry)
        // At the end of the span, when a clock that only runs faster is ahead, too.
        let expected = shift + span * (rate - 1)
        let isSeen =
            offsets.count == nodes.count
            && offsets.allSatisfy { offset in
                expected > .zero ? offset > expected * 0.5 : offset < expected * 0.5
            }
        if isSeen {
            confirm(entry, "its own TIME is off by \(offsets.map { "\($0.milliseconds) ms" }.joined(separator: ", "))")
        }
    }

    /// By how much a server's clock is ahead of this process's; nil when it does not answer.
    private func clockOffset(of node: ClusterMember) async -> Duration? {
        let reply = await ask(node, RedisCommand("TIME"))
        guard let parts = reply?.array, parts.count == 2, let seconds = parts[0].text.flatMap({ Int64($0) }),
            let microseconds = parts[1].text.flatMap({ Int64($0) })
        else { return nil }
        return .microseconds(seconds * 1_000_000 + microseconds - runtime.wallTime.microseconds)
    }
}
