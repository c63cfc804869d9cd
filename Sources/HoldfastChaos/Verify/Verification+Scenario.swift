import HoldfastHistory
import HoldfastRuntime

extension Verification {
    /// - Parameter library: What is judged; nil is ours.
    func scenario(_ library: Library?) -> Scenario {
        var scenario = Scenario(
            name: "verify", about: about(library), workload: Workload(.counter))
        scenario.topology.nodes = options.nodes.count
        scenario.topology.workers = options.clients
        scenario.budget.seconds = options.seconds
        scenario.workload.lockTTL = .milliseconds(800)
        scenario.workload.keys = 2
        // An adapter does one thing at a time.
        if library != nil { scenario.workload.concurrency = 1 }
        scenario.workload.lockPrefix = Self.lockPrefix
        scenario.workload.registerPrefix = "holdfast-verify-\(runtime.randomHex(bytes: 8))-"
        let lanes = options.clients * scenario.workload.concurrency
        scenario.workload.pause = .seconds(1) * (Double(lanes) / Double(options.rate))
        // There is nothing to judge about tokens that are not issued.
        let issuesTokens = library?.issuesTokens ?? true
        scenario.guarantees = (issuesTokens ? [.tokens] : []) + [.tenures, .updates, .linearizability, .liveness]
        scenario.faults = options.faults.map(specification)
        return scenario
    }

    private func about(_ library: Library?) -> String {
        guard let library else { return "Clients of these lock nodes are killed, paused and cut off." }
        let tokens = library.issuesTokens ? "with fencing tokens" : "without fencing tokens"
        return "Clients that lock with \(library.name), \(tokens), are killed, paused and cut off."
    }
}
