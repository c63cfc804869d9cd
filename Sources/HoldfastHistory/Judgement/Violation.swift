/// A guarantee that was broken: the smallest piece of history that shows it.
public struct Violation: Sendable, Hashable, Codable {
    /// What is wrong, in a sentence.
    public var sentence: String
    /// Nanoseconds since the beginning of the history.
    public var from: Int64
    public var to: Int64
    /// What contradicts itself, in words; at most twenty.
    public var operations: [String]
    /// The events of those operations, by number.
    public var events: [Int]
    /// What was done to the system from a little before until then; at most ten.
    public var faults: [String]

    var length: Int64 { to - from }

    private static let toldOperations = 20
    private static let toldFaults = 10
    /// A fault may show its harm this long after it: longer than the leases of the scenarios.
    private static let aftermath: Int64 = 10_000_000_000

    /// - Parameters:
    ///   - culprits: The operations that cannot all be right.
    ///   - history: Whose faults are looked through.
    init(_ sentence: String, _ culprits: [HistoryOperation], in history: History) {
        let from = culprits.map(\.invoked).min() ?? 0
        let to = culprits.map { $0.completed ?? history.end }.max() ?? 0
        self.init(
            sentence, from: from, to: to, operations: culprits.map(\.description), events: culprits.map(\.index),
            in: history)
    }

    /// - Parameter witnesses: The events that cannot all be right.
    init(_ sentence: String, witnesses: [HistoryEvent], in history: History) {
        self.init(
            sentence, from: witnesses.map(\.time).min() ?? 0, to: witnesses.map(\.time).max() ?? 0,
            operations: witnesses.map { "\($0.f) \($0.value)" }, events: witnesses.map(\.index), in: history)
    }

    private init(
        _ sentence: String, from: Int64, to: Int64, operations: [String], events: [Int], in history: History
    ) {
        self.sentence = sentence
        self.from = from
        self.to = to
        self.operations = Array(operations.prefix(Self.toldOperations))
        self.events = Array(events.prefix(Self.toldOperations))
        let around = history.faults.filter { fault in
            fault.began <= to && (fault.ended ?? fault.began) >= from - Self.aftermath
        }
        faults = around.suffix(Self.toldFaults).map(\.description)
    }
}
