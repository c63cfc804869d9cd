/// What became of the planned faults of one kind.
public struct FaultTally: Sendable, Hashable, Codable {
    /// The same fault in one of its forms: at one point, or with one kind of restart.
    public struct Variant: Sendable, Hashable, Codable {
        public var name: String
        public var planned = 0
        public var confirmed = 0
    }

    /// As the scenario's kind of fault is called, such as `kill worker`.
    public var title: String
    public var planned: Int
    public var injected = 0
    /// Of them: seen from outside, in the state of a process, a server's own words or a link's counters.
    public var confirmed = 0
    /// Of them: could not be undone, so that the rest of the run was held by less than it says.
    public var unhealed = 0
    /// Why others could not be, each reason once, at most five.
    public var reasons: [String] = []
    /// By name; empty where the fault has one form only.
    public var variants: [Variant] = []
    /// What this machine lacks for faults of this kind; nil: it lacks nothing. They are skipped then, and told of.
    public var absence: String?

    init(_ title: String, planned: Int) {
        self.title = title
        self.planned = planned
    }

    init(_ title: String, of plan: FaultPlan) {
        self.init(title, planned: 0)
        for entry in plan.entries where entry.title == title {
            planned += 1
            count(entry.variant) { $0.planned += 1 }
        }
        if planned == 0 { skip("none of its times is within the run") }
    }

    mutating func skip(_ reason: String) {
        if reasons.count < 5, !reasons.contains(reason) { reasons.append(reason) }
    }

    mutating func confirm(_ variant: String) {
        confirmed += 1
        count(variant) { $0.confirmed += 1 }
    }

    private mutating func count(_ variant: String, _ change: (inout Variant) -> Void) {
        if variant.isEmpty { return }
        let place = variants.firstIndex { $0.name >= variant } ?? variants.count
        if place == variants.count || variants[place].name != variant {
            variants.insert(Variant(name: variant), at: place)
        }
        change(&variants[place])
    }

    /// A run that did not suffer what it planned shows nothing: of every two planned faults one must have struck.
    public var isEnough: Bool { planned > 0 && confirmed >= (planned + 1) / 2 && unhealed == 0 }
}
