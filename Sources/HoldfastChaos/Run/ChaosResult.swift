public import HoldfastHistory
import HoldfastRuntime

/// What a run came to.
public struct ChaosResult: Sendable, Hashable, Codable {
    public var scenario: String
    public var about: String
    public var seed: UInt64
    public var seconds: Int
    public var mutant: Mutant?
    public var verdict: Verdict
    public var judgements: [Judgement]
    public var faults: [FaultTally]
    /// How often each of what must happen sometimes did, by name.
    public var occurrences: [String: Int]
    /// What must happen in the battery that this run belongs to.
    public var expected: [Occurrence]
    public var isDrained: Bool
    public var workersStarted: Int
    /// Those that had to be killed at the end, because they did not end when they were asked to.
    public var workersStuck: [String]
    /// Jobs that were given up.
    public var jobsFailed: Int

    init(
        _ scenario: Scenario, _ options: ChaosOptions, _ history: History, faults: [FaultTally], isDrained: Bool,
        progress: WorkloadProgress, workersStarted: Int, workersStuck: [String] = []
    ) {
        self.scenario = scenario.name
        about = scenario.about
        seed = options.seed
        seconds = scenario.budget.seconds
        mutant = options.mutant
        self.faults = faults
        self.isDrained = isDrained
        self.workersStarted = workersStarted
        self.workersStuck = workersStuck
        jobsFailed = progress.failed
        expected = scenario.sometimes
        let counts = Occurrence.allCases.map { ($0.rawValue, $0.count(in: history)) }
        occurrences = Dictionary(uniqueKeysWithValues: counts)
        judgements =
            Self.judge(history, scenario, isDrained: isDrained, faults)
            + [Self.judgeWork(isDrained: isDrained, progress, stuck: workersStuck), Self.judgeFaults(faults)]
        verdict = judgements.map(\.verdict).combined
    }

    /// The same run, judged anew from its history. What was done to it, and whether its work was done, stays as it was
    /// seen then.
    public func judgedAgain(_ history: History, _ scenario: Scenario) -> ChaosResult {
        var result = self
        let judged = Self.judge(history, scenario, isDrained: isDrained, faults)
        let seen = Set(judged.map(\.guarantee))
        result.judgements = judged + judgements.filter { !seen.contains($0.guarantee) }
        let counts = Occurrence.allCases.map { ($0.rawValue, $0.count(in: history)) }
        result.occurrences = Dictionary(uniqueKeysWithValues: counts)
        result.verdict = result.judgements.map(\.verdict).combined
        return result
    }

    private static func judge(
        _ history: History, _ scenario: Scenario, isDrained: Bool, _ faults: [FaultTally]
    ) -> [Judgement] {
        scenario.guarantees.map { guarantee in
            var judgement = guarantee.judge(history, scenario, isDrained: isDrained)
            if guarantee == .liveness, judgement.verdict == .invalid, faults.contains(where: { $0.unhealed > 0 }) {
                judgement.verdict = .unknown
                judgement.doubt = "a fault could not be undone: what did not recover may be its doing"
            }
            return judgement
        }
    }

    /// The judgement of a guarantee, if it was judged.
    public func judgement(_ guarantee: String) -> Judgement? { judgements.first { $0.guarantee == guarantee } }

    /// All work that was asked for must end, also after faults, and so must who does it.
    private static func judgeWork(isDrained: Bool, _ progress: WorkloadProgress, stuck: [String]) -> Judgement {
        var judgement = Judgement("all work is done in time")
        judgement.figures = [
            .init("asked", progress.asked), .init("done", progress.applied), .init("waiting", progress.waiting),
            .init("given up", progress.failed), .init("workers that hung", stuck.count),
        ]
        if !isDrained || !stuck.isEmpty { judgement.verdict = .invalid }
        // A run in which nothing was done shows nothing.
        if progress.applied == 0 {
            judgement.verdict = judgement.verdict.and(.unknown)
            judgement.doubt = "nothing was done"
        }
        return judgement
    }

    /// The judgement of ``FaultTally``.
    public static let faultsHappened = "the planned faults happened"

    /// A run that did not suffer what it planned shows nothing.
    private static func judgeFaults(_ tallies: [FaultTally]) -> Judgement {
        var judgement = Judgement(faultsHappened)
        for tally in tallies {
            judgement.figures.append(.init("\(tally.title), planned", tally.planned))
            judgement.figures.append(.init("\(tally.title), confirmed", tally.confirmed))
            guard !tally.isEnough, tally.absence == nil else { continue }
            judgement.verdict = .unknown
            judgement.doubt =
                "\(tally.title): \(tally.confirmed) of \(tally.planned) confirmed"
                + (tally.reasons.isEmpty ? "" : " (\(tally.reasons.joined(separator: "; ")))")
        }
        if !tallies.isEmpty, tallies.allSatisfy({ $0.absence != nil }) {
            judgement.verdict = .unknown
            judgement.doubt = "this machine can do none of them: \(tallies[0].absence ?? "")"
        }
        return judgement
    }
}

extension Guarantee {
    func judge(_ history: History, _ scenario: Scenario, isDrained: Bool) -> Judgement {
        switch self {
        case .tokens: TokenCheck.judge(history)
        case .tenures: TenureCheck.judge(history)
        case .acceptance: AcceptanceCheck.judge(history)
        case .updates: UpdateCheck.judge(history)
        case .ledger: LedgerCheck.judge(history, isDrained: isDrained)
        case .linearizability: LinearizabilityCheck.judge(history)
        case .jobs: JobCheck.judge(history, isDrained: isDrained)
        case .liveness: LivenessCheck.judge(history, within: scenario.budget.recovery)
        }
    }
}
