/// How large a demonstration is, and what is done to it.
public struct DemoConfiguration: Sendable, Hashable {
    /// Lock nodes.
    public var nodes = 5
    /// Worker processes.
    public var workers = 6
    /// How long transfers are asked for and faults injected; draining and the audit come on top.
    public var seconds = 20
    public var seed: UInt64 = 1
    /// 1 is the default; 0 injects nothing.
    public var faultRate = 1.0
    /// Switches the ledger's fences off, so that the harm shows which they prevent.
    public var unsafe = false
    /// Kept afterwards, with logs and histories; nil takes a temporary one that is removed.
    public var directory: String?
    /// The program whose `chaos worker` command is a worker.
    public var program: String

    public init(program: String) { self.program = program }

    /// - Throws: ``ChaosError`` that says which option to change.
    func validate() throws(ChaosError) {
        func require(_ holds: Bool, _ rule: String) throws(ChaosError) {
            if !holds { throw ChaosError(rule, isUsage: true) }
        }
        try require((1...9).contains(nodes), "--nodes takes 1 to 9")
        try require((1...32).contains(workers), "--workers takes 1 to 32")
        try require((1...3600).contains(seconds), "--seconds takes 1 to 3600")
        try require(faultRate.isFinite && (0...10).contains(faultRate), "--fault-rate takes 0 to 10")
    }

    var options: ChaosOptions {
        var options = ChaosOptions(program: program)
        options.seed = seed
        options.mutant = unsafe ? .fenceOff : nil
        options.directory = directory
        return options
    }

    /// In 20 s at rate 1: 7 kills of workers, 5 pauses beyond the lease and 4 kills of nodes.
    var scenario: Scenario {
        var scenario = Scenario(
            name: "demo", about: "Agents move credits while their workers and lock nodes die.",
            workload: Workload(.agents))
        scenario.topology.nodes = nodes
        scenario.topology.workers = workers
        scenario.budget.seconds = seconds
        scenario.guarantees = [.ledger, .acceptance, .tokens, .jobs]
        guard faultRate > 0 else { return scenario }
        // Fewer than four are struck less often: a paused one cannot be struck again.
        let crew = min(1, Double(workers) / 4) * faultRate
        let (lock, job) = (scenario.workload.lockTTL, scenario.workload.jobLease)
        // Every pause is longer than the locks' leases, every third than the job's, which was given to another then.
        let short = lock * 1.8...lock * 1.8 + .milliseconds(300)
        let long = job * 1.4...job * 1.4 + .milliseconds(300)
        var pauses = FaultSpec(.pause, on: .worker, .every(.seconds(4) * (1 / crew)))
        pauses.points = [Points.opened]
        pauses.spans = [short, short, long]
        var kills = FaultSpec(.kill, on: .worker, .every(.seconds(20) * (1 / 7 / crew)))
        kills.points = [nil, Points.opened, Points.committed]
        scenario.faults = [pauses, kills]
        // One node after the other: this shows what a minority of failures does. A small cluster has none to lose.
        if nodes > 2 {
            var nodes = FaultSpec(.kill, on: .node, .every(.seconds(5) * (1 / faultRate)))
            nodes.spans = [.milliseconds(800) ... .milliseconds(1600)]
            nodes.restarts = [.data, .data, .empty, .data]
            scenario.faults.append(nodes)
        }
        return scenario
    }
}
