import HoldfastRedis
import HoldfastRuntime
import Synchronization

/// Takes the rounds' requests to the nodes, those of many locks in one call: what comes up within one turn of the
/// strand travels together (``LockScripts/together``), as databases commit transactions in groups.
///
/// A node gets the requests in the order in which they were sent here, by whichever round: that keeps a release behind
/// its grant. So whatever does not wait for others takes along what waits.
final class Dispatcher: Sendable {
    private struct Queue {
        var steps: [Dispatch.Step] = []
        var isScheduled = false
    }

    private let queue = Mutex(Queue())
    /// Held while requests are handed to the nodes' connections, so that none overtakes another. Nothing is written,
    /// and nobody's answer delivered, under it: that may set the next request off.
    private let departure = Mutex(())
    private let strand: any Strand
    private let record: RedisArgument

    /// - Parameter record: The key of a node's record.
    init(strand: any Strand, record: RedisArgument) {
        self.strand = strand
        self.record = record
    }

    /// Never suspends. What a node would be asked in vain is answered here, on the strand or on the thread of a sender.
    /// - Parameter targets: All nodes when nil.
    func send(_ request: RoundRequest, for round: any Asking, to targets: [Int]?) {
        let step = Dispatch.Step(round, request, to: targets)
        guard request.travelsTogether else { return depart(holding: false, with: step) }
        let isFirst = queue.withLock { queue in
            queue.steps.append(step)
            defer { queue.isScheduled = true }
            return !queue.isScheduled
        }
        if isFirst { strand.execute { self.depart(holding: true) } }
    }

    /// Sends what waits, and returns when it is with the connections.
    func finish() async {
        await withUnsafeContinuation { continuation in
            strand.execute {
                self.depart(holding: true)
                continuation.resume()
            }
        }
    }

    /// - Parameter holding: Whether this is the strand's turn for it; then the bytes leave at its end.
    private func depart(holding: Bool, with last: Dispatch.Step? = nil) {
        var refused: [Dispatch.Refusal] = []
        let nodes = departure.withLock { _ -> [LockNode]? in
            let steps = queue.withLock { queue in
                if holding { queue.isScheduled = false }
                return exchange(&queue.steps, with: [])
            }
            submit(steps, holding: holding, &refused)
            if let last { submit([last], holding: false, &refused) }
            return steps.first?.round.nodes
        }
        if holding, let nodes {
            for node in nodes { node.client.flush() }
        }
        for refusal in refused { refusal.deliver() }
    }

    private func submit(_ steps: [Dispatch.Step], holding: Bool, _ refused: inout [Dispatch.Refusal]) {
        guard let first = steps.first else { return }
        let nodes = first.round.nodes
        if steps.allSatisfy({ $0.targets == first.targets }) {
            return submit(steps, to: first.targets.map { $0.map { nodes[$0] } } ?? nodes, holding: holding, &refused)
        }
        for node in nodes {
            let own = steps.filter { $0.targets?.contains(node.index) ?? true }
            submit(own, to: [node], holding: holding, &refused)
        }
    }

    private func submit(
        _ steps: [Dispatch.Step], to nodes: [LockNode], holding: Bool, _ refused: inout [Dispatch.Refusal]
    ) {
        for start in stride(from: 0, to: steps.count, by: LockScripts.mostTogether) {
            let together = Array(steps[start...].prefix(LockScripts.mostTogether))
            Dispatch(together, record).submit(to: nodes, holding: holding, &refused)
        }
    }
}
