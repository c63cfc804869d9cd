public import HoldfastHistory

/// The search for a mutant: whether the absence of a protection was noticed.
public struct MutantHunt: Sendable, Hashable, Codable {
    public var mutant: Mutant
    public var scenario: String
    public var runs = 0
    /// What gave it away; nil: it survived.
    public var evidence: String?

    public init(mutant: Mutant, scenario: String) {
        self.mutant = mutant
        self.scenario = scenario
    }

    public var isFound: Bool { evidence != nil }
}

/// What several runs came to.
public struct BatterySummary: Sendable, Codable {
    public var verdict: Verdict
    public var results: [ChaosResult]
    public var hunts: [MutantHunt]
    /// By scenario: what should have happened in one of its runs, and did in none.
    public var missing: [String: [Occurrence]]
    /// What all runs together suffered, one for each form of each kind of fault.
    public var faults: [FaultTotal]

    public init(_ results: [ChaosResult], _ hunts: [MutantHunt]) {
        self.results = results
        self.hunts = hunts
        missing = [:]
        faults = FaultTotal.of(results.filter { $0.mutant == nil })
        // A mutant's runs are not asked for it: what they lack may be the protection's doing.
        for (scenario, runs) in Dictionary(grouping: results.filter { $0.mutant == nil }, by: \.scenario) {
            let expected = runs.first?.expected ?? []
            let absent = expected.filter { occurrence in
                runs.allSatisfy { ($0.occurrences[occurrence.rawValue] ?? 0) == 0 }
            }
            if !absent.isEmpty { missing[scenario] = absent }
        }
        verdict =
            (results.map(\.verdict) + hunts.map { $0.isFound ? .valid : .invalid }
            + (missing.isEmpty ? [] : [.unknown]) + (faults.contains(where: \.isMissing) ? [.unknown] : [])).combined
    }
}
