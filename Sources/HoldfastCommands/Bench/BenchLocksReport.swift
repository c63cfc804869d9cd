import Foundation
import HoldfastLocks
import HoldfastMeasurement
import HoldfastRuntime

/// The figures of `holdfast bench locks`, as `--json` prints them.
struct BenchLocksReport: Codable, Sendable {
    struct Spans: Codable, Sendable {
        var p50: Double
        var p99: Double
        var p999: Double
        var max: Double

        /// Nil when there are none.
        init?(_ latencies: Latencies) {
            func us(_ percentile: Double) -> Double? {
                latencies.percentile(percentile).map { BenchLocksReport.rounded(Double($0.nanoseconds) / 1000) }
            }
            guard let p50 = us(50), let p99 = us(99), let p999 = us(99.9), let max = us(100) else { return nil }
            (self.p50, self.p99, self.p999, self.max) = (p50, p99, p999, max)
        }
    }

    var nodes: Int
    var asked: String
    var clients: Int
    var names: String
    var executor: String
    var seconds: Double
    var cycles: Int
    var cyclesPerSecond: Double
    var acquire: Spans?
    var cycle: Spans?
    /// Of shared names that went from one client to another.
    var handOver: Spans?
    var roundTripsPerAcquire: Double
    var fastPathShare: Double
    var writesPerCycle: Double
    var cpuPerCycle: Double

    private enum CodingKeys: String, CodingKey {
        case nodes, asked, clients, names, executor, seconds, cycles
        case cyclesPerSecond = "cycles_per_s"
        case acquire = "acquire_us"
        case cycle = "cycle_us"
        case handOver = "hand_over_us"
        case roundTripsPerAcquire = "round_trips_per_acquire"
        case fastPathShare = "fast_path_share"
        case writesPerCycle = "writes_per_cycle"
        case cpuPerCycle = "cpu_us_per_cycle"
    }

    init(_ load: LockLoad, _ figures: LockFigures, on configuration: LockClusterConfiguration) {
        nodes = configuration.nodes.count
        asked = configuration.asks.rawValue
        clients = load.clients
        names = load.names.rawValue
        executor = load.place.rawValue
        seconds = Self.rounded(figures.elapsed.seconds)
        cycles = figures.cycles
        cyclesPerSecond = Self.rounded(figures.cyclesPerSecond)
        acquire = Spans(figures.acquire)
        cycle = Spans(figures.cycle)
        handOver = Spans(figures.handOver)
        roundTripsPerAcquire = Self.rounded(figures.roundTripsPerAcquire)
        fastPathShare = Self.rounded(figures.fastPathShare)
        writesPerCycle = Self.rounded(figures.writesPerCycle)
        cpuPerCycle = Self.rounded(Double(figures.cpuPerCycle.nanoseconds) / 1000)
    }

    /// Three places behind the point are more than any of it is worth.
    private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }

    /// Writes a table for people.
    func write(to output: Output) throws {
        let palette = Palette(for: output)
        let what = names == LockLoad.Names.own.rawValue ? "a lock of its own each" : "one lock for all"
        let place = executor == LockLoad.Place.loop.rawValue ? "on the event loop" : "on the global pool"
        let who = clients == 1 ? "1 client" : "\(clients) clients"
        let whom = asked == LockClusterConfiguration.Asking.all.rawValue ? "" : ", a majority asked first"
        try output.line("\(nodes) lock nodes\(whom), \(who) \(place), \(what), \(Self.text(seconds, 1)) s")
        var spans = Table(["us", "p50", "p99", "p99.9", "max"], right: [1, 2, 3, 4])
        for (name, row) in [("acquire", acquire), ("cycle", cycle), ("hand-over", handOver)] {
            guard let row else { continue }
            spans.add(
                [Table.Cell(name)] + [row.p50, row.p99, row.p999, row.max].map { Table.Cell(Self.text($0, 0)) })
        }
        var rest = Table(["", "value"], right: [1])
        for (name, value) in [
            ("cycles per second", Self.text(cyclesPerSecond, 0)),
            ("round trips per acquisition", Self.text(roundTripsPerAcquire, 2)),
            ("issued in one phase", Self.text(fastPathShare * 100, 1) + " %"),
            ("writes per cycle", Self.text(writesPerCycle, 2)),
            ("processor time per cycle", Self.text(cpuPerCycle, 0) + " us"),
        ] { rest.add([Table.Cell(name), Table.Cell(value)]) }
        for line in spans.lines(palette) { try output.line(line) }
        try output.line()
        for line in rest.lines(palette) { try output.line(line) }
    }

    private static func text(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
}
