import HoldfastMeasurement
import HoldfastRuntime

/// What one contestant achieved in one round; nil is what it does not have or does not tell.
struct JobResult {
    var enqueue: Double?
    var bulk: Double?
    var drain: Double
    /// In microseconds.
    var pickup: (p50: Double, p99: Double)?
    var roundTrips: Double?
    var commands: Double?
    var clientCPU: Double?
    var serverCPU: Double?
    var megabytes: Double?

    init(drain: Double) { self.drain = drain }

    init(_ figures: JobFigures) {
        func us(_ span: Duration) -> Double { Double(span.nanoseconds) / 1000 }
        enqueue = figures.enqueue.perSecond
        bulk = figures.bulk.perSecond
        drain = figures.drain.perSecond
        note(pickup: figures.pickup)
        roundTrips = figures.roundTripsPerJob
        commands = figures.commandsPerJob
        clientCPU = us(figures.cpuPerJob)
        serverCPU = us(figures.serverCPUPerJob)
        megabytes = Double(figures.resident) / 1e6
    }

    mutating func note(pickup latencies: Latencies) {
        func us(_ percentile: Double) -> Double {
            Double(latencies.percentile(percentile)?.nanoseconds ?? 0) / 1000
        }
        pickup = (us(50), us(99))
    }
}
