/// What a checker says about a history.
public struct Judgement: Sendable, Hashable, Codable {
    /// A number that it counted.
    public struct Figure: Sendable, Hashable, Codable {
        public var name: String
        public var value: Int64

        public init(_ name: String, _ value: Int) {
            self.name = name
            self.value = Int64(value)
        }
    }

    /// How many violations are told; all are counted.
    static let toldViolations = 10

    /// The guarantee that was judged.
    public var guarantee: String
    public var verdict: Verdict = .valid
    public var figures: [Figure] = []
    /// The smallest windows first, at most ten.
    public var violations: [Violation] = []
    /// All violations, also those that are not told.
    public var violationCount = 0
    /// Why the verdict is unknown.
    public var doubt: String?

    public init(_ guarantee: String) { self.guarantee = guarantee }

    mutating func count(_ name: String, _ value: Int) { figures.append(Figure(name, value)) }

    mutating func accuse(_ violation: Violation) {
        verdict = .invalid
        violationCount += 1
        let place = violations.firstIndex { $0.length > violation.length } ?? violations.count
        violations.insert(violation, at: place)
        if violations.count > Self.toldViolations { violations.removeLast() }
    }

    mutating func doubt(_ reason: String) {
        verdict = verdict.and(.unknown)
        doubt = doubt ?? reason
    }

    /// The number that was counted under a name.
    public func figure(_ name: String) -> Int64? { figures.first { $0.name == name }?.value }
}
