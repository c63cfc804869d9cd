import HoldfastRuntime

/// What a ``JobLoad`` achieved.
public struct JobFigures: Sendable {
    public var jobs: Int
    /// One job a call, by ``JobLoad/producers`` callers.
    public var enqueue = Throughput(operations: 0, elapsed: .zero)
    /// ``JobLoad/bulk`` jobs a call.
    public var bulk = Throughput(operations: 0, elapsed: .zero)
    public var drain = Throughput(operations: 0, elapsed: .zero)
    /// From the moment at which a job was due to be enqueued to its handler's first step.
    public var pickup = Latencies()
    /// Of the drain: batches of commands that the workers wrote, renewals and heartbeats included.
    public var roundTrips = 0
    /// Of the drain: processor time of this process.
    public var cpu: Duration = .zero
    /// The largest memory seen during the drain, in bytes.
    public var resident = 0
    /// Of the drain: what the server did.
    var server = ServerMeters(commands: 0, cpu: .zero)

    init(jobs: Int) { self.jobs = jobs }

    public var roundTripsPerJob: Double { perJob(Double(roundTrips)) }
    /// Commands that the server executed, those inside of scripts included.
    public var commandsPerJob: Double { perJob(Double(server.commands)) }
    public var cpuPerJob: Duration { jobs > 0 ? cpu / jobs : .zero }
    /// The kernel counts it in ticks of some milliseconds: a number of few jobs says little.
    public var serverCPUPerJob: Duration { jobs > 0 ? server.cpu / jobs : .zero }

    private func perJob(_ amount: Double) -> Double { jobs > 0 ? amount / Double(jobs) : 0 }
}
