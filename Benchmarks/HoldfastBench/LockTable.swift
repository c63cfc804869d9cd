import Foundation

/// One row a contestant: the median of its rounds, and of its rounds' ratios to the floor.
struct LockTable {
    private struct Line {
        var name: String
        var clients: Int
        var results: [LockResult]
        var floors: [LockResult]
    }

    static let columns = [
        "clients", "cycles/s", "of floor", "p50 us", "of floor", "p99 us", "p99.9", "trips", "fast", "writes",
        "cpu us", "servers", "hand-over",
    ]
    private var lines: [Line] = []

    /// Notes a result beside the floor's of the same round.
    mutating func add(_ result: LockResult, of name: String, clients: Int, floor: LockResult) {
        if let place = lines.firstIndex(where: { $0.name == name && $0.clients == clients }) {
            lines[place].results.append(result)
            lines[place].floors.append(floor)
        } else {
            lines.append(Line(name: name, clients: clients, results: [result], floors: [floor]))
        }
    }

    var text: String {
        ([Self.row("acquire and release", Self.columns)] + lines.map(Self.row)).joined(separator: "\n")
    }

    private static func row(_ line: Line) -> String {
        func median(_ digits: Int, _ value: (LockResult, LockResult) -> Double?) -> String {
            let values = zip(line.results, line.floors).compactMap(value).sorted()
            if values.isEmpty { return "-" }
            return String(format: "%.\(digits)f", values[values.count / 2])
        }
        return row(
            line.name,
            [
                "\(line.clients)", median(0) { result, _ in result.cyclesPerSecond },
                median(2) { result, floor in result.cyclesPerSecond / floor.cyclesPerSecond },
                median(0) { result, _ in result.acquire?.p50 },
                median(2) { result, floor in
                    result.acquire.flatMap { mine in floor.acquire.map { mine.p50 / $0.p50 } }
                },
                median(0) { result, _ in result.acquire?.p99 }, median(0) { result, _ in result.acquire?.p999 },
                median(2) { result, _ in result.roundTrips }, median(2) { result, _ in result.fastPath },
                median(1) { result, _ in result.writes }, median(0) { result, _ in result.clientCPU },
                median(0) { result, _ in result.serverCPU }, median(0) { result, _ in result.handOver },
            ])
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        let width = 9
        return name.padding(toLength: 34, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, width - $0.count)) + $0 }.joined()
    }
}
