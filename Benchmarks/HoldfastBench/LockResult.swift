import HoldfastMeasurement
import HoldfastRuntime

/// What one contestant achieved in one round; nil is what it does not tell.
struct LockResult {
    struct Spans {
        var p50: Double
        var p99: Double
        var p999: Double

        /// In microseconds.
        init?(_ latencies: Latencies) {
            guard latencies.count > 0 else { return nil }
            func us(_ percentile: Double) -> Double {
                Double(latencies.percentile(percentile)?.nanoseconds ?? 0) / 1000
            }
            (p50, p99, p999) = (us(50), us(99), us(99.9))
        }

        init(p50: Double, p99: Double, p999: Double) {
            (self.p50, self.p99, self.p999) = (p50, p99, p999)
        }
    }

    var cycles = 0
    var cyclesPerSecond = 0.0
    var acquire: Spans?
    var handOver: Double?
    var roundTrips: Double?
    var fastPath: Double?
    var writes: Double?
    var clientCPU: Double?
    var serverCPU: Double?

    init() {}

    init(_ figures: LockFigures) {
        cycles = figures.cycles
        cyclesPerSecond = figures.cyclesPerSecond
        acquire = Spans(figures.acquire)
        handOver = Spans(figures.handOver)?.p50
        roundTrips = figures.roundTripsPerAcquire
        fastPath = figures.fastPathShare
        writes = figures.writesPerCycle
        clientCPU = Double(figures.cpuPerCycle.nanoseconds) / 1000
    }
}
