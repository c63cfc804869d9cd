import HoldfastRuntime

/// One thing that will be done to the processes.
public enum Fault: Sendable, Hashable {
    /// SIGKILL a worker: at a named point of a transfer, or wherever it is.
    case killWorker(at: String?)
    /// SIGSTOP a worker at a named point, and wake it after `span`.
    case pauseWorker(at: String, span: Duration)
    /// SIGKILL a lock node and start it again after `down`; `empty`: without its data, as after a lost disk.
    case killNode(index: Int, down: Duration, empty: Bool)
}

/// What happens when: a pure function of the seed. What the processes make of it is not, for they are real.
public struct FaultPlan: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var at: Duration
        public var fault: Fault
    }

    /// In order of time.
    public var entries: [Entry]

    /// - Parameters:
    ///   - span: Of the run; faults fall into its first nine tenths.
    ///   - rate: 1 plans 7 kills, 5 pauses and 4 node kills in 20 s; more or less in proportion.
    ///   - workers: Fewer than four are struck less often: a paused one cannot be struck again.
    ///   - lockTTL: Every pause is longer, so that each paused holder has lost its lock when it wakes.
    ///   - jobLease: Every third pause is longer than this too, so that the job was given to another.
    public init(
        seed: UInt64, span: Duration, rate: Double, nodes: Int, workers: Int, lockTTL: Duration, jobLease: Duration
    ) {
        var random = SeededGenerator(seed: seed)
        let share = span.seconds / 20 * rate
        func count(_ base: Double, _ part: Double = 1) -> Int {
            rate > 0 ? max(1, Int((base * share * part).rounded())) : 0
        }
        let crew = min(1, Double(workers) / 4)
        entries = []
        // Pauses first: a plan that is cut short must still hold some.
        for (index, at) in Self.spread(count(5, crew), over: span, &random).enumerated() {
            let jitter = Duration.milliseconds(Int64.random(in: 0...300, using: &random))
            let pause = index % 3 == 2 ? jobLease * 1.4 + jitter : lockTTL * 1.8 + jitter
            entries.append(Entry(at: at, fault: .pauseWorker(at: Points.opened, span: pause)))
        }
        for (index, at) in Self.spread(count(7, crew), over: span, &random).enumerated() {
            let points = [nil, Points.opened, Points.committed]
            entries.append(Entry(at: at, fault: .killWorker(at: points[index % points.count])))
        }
        // One node after the other: this plan shows what a minority of failures does. A small cluster has none to lose.
        let kills = nodes > 2 ? count(4) : 0
        for (index, at) in Self.spread(kills, over: span, &random).enumerated() {
            let slot = span * 0.8 / max(1, kills)
            let down = slot * Double.random(in: 0.2...0.4, using: &random)
            let node = Int.random(in: 0..<nodes, using: &random)
            entries.append(Entry(at: at, fault: .killNode(index: node, down: down, empty: index % 4 == 2)))
        }
        entries.sort { $0.at < $1.at }
    }

    /// One random moment in each of `count` equal parts.
    private static func spread(_ count: Int, over span: Duration, _ random: inout SeededGenerator) -> [Duration] {
        (0..<count).map { index in
            let part = 0.8 / Double(count)
            return span * (0.05 + part * (Double(index) + Double.random(in: 0...0.6, using: &random)))
        }
    }
}

private func / (span: Duration, count: Int) -> Duration { span * (1 / Double(count)) }

extension Duration {
    static func * (span: Duration, factor: Double) -> Duration {
        .nanoseconds(Int64(Double(span.nanoseconds) * factor))
    }
}
