import HoldfastRuntime

/// What a ``LockLoad`` achieved. Figures of several runs of the same load can be added up.
public struct LockFigures: Sendable {
    /// Acquisitions with their releases.
    public var cycles: Int
    public var elapsed: Duration
    /// From asking for a lock to holding it.
    public var acquire: Latencies
    /// From asking for a lock to asking for the next one.
    public var cycle: Latencies
    /// From the beginning of a holder's release to the next holder's start; of shared names only.
    public var handOver: Latencies
    /// Rounds of messages, those of attempts that failed included.
    public var rounds: Int
    /// Acquisitions whose last attempt took one phase, without a write-back of the token.
    public var fast: Int
    /// Writes to sockets, subscriptions included.
    public var writes: Int
    /// Processor time of the whole process, the servers' not included.
    public var cpu: Duration

    init(_ outcome: ClosedLoop.Outcome<LockLoad.Record>, spent: LockLoad.Meters) {
        cycles = outcome.turns
        elapsed = outcome.elapsed
        cycle = outcome.latencies
        acquire = Latencies()
        handOver = Latencies()
        fast = 0
        for record in outcome.records {
            acquire.add(record.acquire)
            handOver.add(record.handOver)
            fast += record.fast
        }
        rounds = spent.rounds
        writes = spent.writes
        cpu = spent.cpu
    }

    public mutating func add(_ other: LockFigures) {
        cycles += other.cycles
        elapsed += other.elapsed
        acquire.add(other.acquire)
        cycle.add(other.cycle)
        handOver.add(other.handOver)
        rounds += other.rounds
        fast += other.fast
        writes += other.writes
        cpu += other.cpu
    }

    public var cyclesPerSecond: Double { elapsed > .zero ? Double(cycles) / elapsed.seconds : 0 }
    public var roundTripsPerAcquire: Double { perCycle(Double(rounds)) }
    /// From 0 to 1.
    public var fastPathShare: Double { perCycle(Double(fast)) }
    public var writesPerCycle: Double { perCycle(Double(writes)) }
    public var cpuPerCycle: Duration { cycles > 0 ? cpu / cycles : .zero }

    private func perCycle(_ amount: Double) -> Double { cycles > 0 ? amount / Double(cycles) : 0 }
}
