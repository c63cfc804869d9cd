/// What became of the planned faults of one kind.
public struct FaultTally: Sendable, Hashable, Codable {
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

    init(_ title: String, planned: Int) {
        self.title = title
        self.planned = planned
    }

    mutating func skip(_ reason: String) {
        if reasons.count < 5, !reasons.contains(reason) { reasons.append(reason) }
    }

    /// A run that did not suffer what it planned shows nothing: of every two planned faults one must have struck.
    public var isEnough: Bool { confirmed >= (planned + 1) / 2 && unhealed == 0 }
}
