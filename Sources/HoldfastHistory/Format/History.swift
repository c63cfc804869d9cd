import Foundation

/// What happened in a run: all events in order of time, and the operations that they tell of.
public struct History: Sendable, Hashable {
    /// Numbered from 0, times counted from the first.
    public let events: [HistoryEvent]
    /// In the order of their beginnings.
    public let operations: [HistoryOperation]
    /// In the order of their beginnings.
    public let faults: [HistoryFault]

    /// Orders, numbers and pairs events. Complexity: O(n log n).
    ///
    /// - Throws: ``HistoryError`` when a client does two things at once or ends what it did not begin.
    public init(_ events: [HistoryEvent]) throws(HistoryError) {
        let start = events.map(\.time).min() ?? 0
        // Stable: what one writer wrote at the same nanosecond stays in its order.
        var sorted = events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
        for index in sorted.indices {
            sorted[index].index = index
            sorted[index].time -= start
            sorted[index].until = sorted[index].until.map { $0 - start }
        }
        self.events = sorted
        operations = try Self.pair(sorted)
        faults = Self.faults(in: sorted)
    }

    /// Reads a merged history, or several of one run.
    /// - Throws: ``HistoryError``.
    public init(file path: String) throws(HistoryError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw HistoryError("cannot read \(path)")
        }
        try self.init(try HistoryLine.decode(data, of: path))
    }

    /// Writes the events, a line each.
    public func write(to path: String) throws(HistoryError) {
        var data = Data()
        for event in events { data.append(try HistoryLine.encode(event)) }
        do { try data.write(to: URL(fileURLWithPath: path)) } catch {
            throw HistoryError("cannot write \(path): \(error)")
        }
    }

    /// The operations of one function.
    public func operations(_ f: String) -> [HistoryOperation] { operations.filter { $0.f == f } }

    /// What witnesses saw of one kind.
    public func witnessed(_ f: String) -> [HistoryEvent] { events.filter { $0.process == .witness && $0.f == f } }

    /// The time of the last event.
    public var end: Int64 { events.last?.time ?? 0 }

    private static func pair(_ events: [HistoryEvent]) throws(HistoryError) -> [HistoryOperation] {
        var operations: [HistoryOperation] = []
        var pending: [Int: Int] = [:]
        var retired: Set<Int> = []
        for event in events {
            guard case .client(let process) = event.process else { continue }
            if event.type == .invoke {
                guard pending[process] == nil, !retired.contains(process) else {
                    throw HistoryError("event \(event.index): client \(process) begins a second thing at once")
                }
                pending[process] = operations.count
                operations.append(HistoryOperation(event))
            } else {
                guard let open = pending.removeValue(forKey: process), operations[open].f == event.f else {
                    throw HistoryError(
                        "event \(event.index): client \(process) ends \(event.f), which it did not begin")
                }
                operations[open].end(event)
                if event.type == .info { retired.insert(process) }
            }
        }
        return operations
    }

    private static func faults(in events: [HistoryEvent]) -> [HistoryFault] {
        var faults: [HistoryFault] = []
        var places: [Int64: Int] = [:]
        for event in events where event.process == .nemesis {
            guard let number = event.value[0].number else { continue }
            switch event.f {
            case HistoryFunction.fault:
                places[number] = faults.count
                faults.append(
                    HistoryFault(
                        number: Int(number), kind: event.value[1].text ?? "", target: event.value[2].text ?? "",
                        detail: event.value[3].text ?? "", began: event.time))
            case HistoryFunction.heal: if let place = places[number] { faults[place].ended = event.time }
            case HistoryFunction.confirm:
                if let place = places[number] { faults[place].confirmation = event.value[1].text }
            default: break
            }
        }
        return faults
    }
}
