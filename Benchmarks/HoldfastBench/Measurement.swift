import Foundation
import HoldfastRuntime
import Histogram

/// What a closed loop of callers achieved. Its latencies leave out what an open loop would add while a server stalls;
/// for throughput and for ratios.
struct Measurement {
    var name: String
    var operations: Int
    var elapsed: Duration
    var latencies: Histogram<UInt32>

    var perSecond: Double { Double(operations) / elapsed.seconds }

    static let heading = row("benchmark", "callers", "ops/s", "p50 us", "p99 us", "max us", "of floor")

    func row(callers: Int, floor: Double?) -> String {
        func us(_ percentile: Double) -> String {
            if latencies.totalCount == 0 { return "-" }
            return String(format: "%.0f", Double(latencies.valueAtPercentile(percentile)) / 1000)
        }
        return Self.row(
            name, "\(callers)", String(format: "%.0f", perSecond), us(50), us(99), us(100),
            floor.map { String(format: "%.2f", perSecond / $0) } ?? "-")
    }

    private static func row(_ first: String, _ rest: String...) -> String {
        first.padding(toLength: 34, withPad: " ", startingAt: 0)
            + rest.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }

    static func histogram() -> Histogram<UInt32> {
        Histogram(
            lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
    }

    /// Lets `callers` tasks repeat `body` for `seconds`, on `executor` if given, and adds their figures up.
    static func closedLoop(
        _ name: String, callers: Int, seconds: Double, on executor: (any TaskExecutor)? = nil,
        _ body: @escaping @Sendable (_ caller: Int, _ turn: Int) async throws -> Void
    ) async throws -> Measurement {
        let runtime = LiveRuntime()
        let start = runtime.now
        let deadline = start.advanced(by: .nanoseconds(Int64(seconds * 1e9)))
        return try await withThrowingTaskGroup(of: (Int, Histogram<UInt32>).self) { group in
            for caller in 0..<callers {
                group.addTask(executorPreference: executor) {
                    var latencies = histogram()
                    var turn = 0
                    var before = runtime.now
                    while before < deadline {
                        try await body(caller, turn)
                        let after = runtime.now
                        _ = latencies.record(UInt64(max(1, before.duration(to: after).nanoseconds)))
                        before = after
                        turn += 1
                    }
                    return (turn, latencies)
                }
            }
            var total = 0
            var all = histogram()
            for try await (turns, latencies) in group {
                total += turns
                all.add(latencies)
            }
            return Measurement(
                name: name, operations: total, elapsed: start.duration(to: runtime.now), latencies: all)
        }
    }
}
