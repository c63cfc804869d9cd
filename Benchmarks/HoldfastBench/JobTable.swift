import Foundation

/// One row a contestant: the medians of its rounds. Ratios are to the fastest peer, or to the limit without any.
struct JobTable {
    private struct Line {
        var name: String
        var jobs: Int
        var results: [JobResult]
        var isOurs: Bool { name.hasPrefix("holdfast") || name.hasPrefix("limit") }

        func median(_ value: (JobResult) -> Double?) -> Double? {
            let values = results.compactMap(value).sorted()
            return values.isEmpty ? nil : values[values.count / 2]
        }
    }

    private static let columns = [
        "jobs", "enqueue/s", "bulk/s", "drain/s", "of best", "p50 us", "p99 us", "trips", "commands", "cpu us",
        "server us", "MB",
    ]
    private var lines: [Line] = []

    mutating func add(_ result: JobResult, of name: String, jobs: Int) {
        if let place = lines.firstIndex(where: { $0.name == name }) {
            lines[place].results.append(result)
        } else {
            lines.append(Line(name: name, jobs: jobs, results: [result]))
        }
    }

    var text: String {
        let peers = lines.filter { !$0.isOurs }
        let best = (peers.isEmpty ? lines : peers).compactMap { $0.median(\.drain) }.max() ?? 1
        return ([Self.row("jobs that do nothing", Self.columns)] + lines.map { Self.row($0, best) })
            .joined(separator: "\n")
    }

    private static func row(_ line: Line, _ best: Double) -> String {
        func text(_ digits: Int, _ value: (JobResult) -> Double?) -> String {
            line.median(value).map { String(format: "%.\(digits)f", $0) } ?? "-"
        }
        return row(
            line.name,
            [
                "\(line.jobs)", text(0, \.enqueue), text(0, \.bulk), text(0, \.drain), text(2) { $0.drain / best },
                text(0, \.pickup?.p50), text(0, \.pickup?.p99), text(3, \.roundTrips), text(2, \.commands),
                text(1, \.clientCPU), text(1, \.serverCPU), text(0, \.megabytes),
            ])
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        name.padding(toLength: 32, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }
}
