public import HoldfastHistory

/// What a chaos run is made of, as a file in `chaos/` declares it.
public struct Scenario: Sendable, Hashable {
    public struct Topology: Sendable, Hashable {
        /// Lock nodes, 0 to 9. One store comes on top.
        public var nodes = 5
        /// Worker processes, 1 to 32.
        public var workers = 4

        public init() {}
    }

    public struct Budget: Sendable, Hashable {
        /// For how long work is asked for and faults are injected.
        public var seconds = 20
        /// How long the work may take to finish afterwards.
        public var drain: Duration = .seconds(60)
        /// How long after the last fault a lock may take to be granted.
        public var recovery: Duration = .seconds(10)

        public init() {}
    }

    /// The file's name without its ending.
    public var name: String
    /// What it shows, in a sentence.
    public var about: String
    public var topology = Topology()
    public var workload: Workload
    public var faults: [FaultSpec] = []
    public var guarantees: [Guarantee] = []
    /// What must happen at least once, or the run shows nothing.
    public var sometimes: [Occurrence] = []
    public var budget = Budget()
    /// The protections whose absence this scenario finds.
    public var mutants: [Mutant] = []

    public init(name: String, about: String, workload: Workload) {
        self.name = name
        self.about = about
        self.workload = workload
    }
}

/// What the workers do.
public struct Workload: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Jobs whose agents move credits between the accounts of a ledger.
        case agents
        /// Each worker reads a counter, adds one and writes it back, under a lock and behind a fence.
        case counter
        /// The leaders of an election count their terms' work behind a fence.
        case election
        /// Jobs with an effect each.
        case jobs
    }

    public var kind: Kind
    /// Short, so that a pause of seconds outlives it.
    public var lockTTL: Duration = .seconds(1)
    public var jobLease: Duration = .seconds(5)
    /// Accounts, counters or offices: few, so that workers meet.
    public var keys = 6
    /// What a worker does at a time.
    public var concurrency = 2
    /// Jobs that wait at most.
    public var backlog = 24
    /// Between two increments of a lane.
    var pause: Duration = .zero
    /// Before the names of locks and of registers, on servers that are not the run's own.
    var lockPrefix = ""
    var registerPrefix = ""

    public init(_ kind: Kind) { self.kind = kind }
}

/// What is judged.
public enum Guarantee: String, Sendable, Hashable, Codable, CaseIterable {
    case tokens, tenures, acceptance, updates, ledger, linearizability, jobs, liveness
}

/// A protection that is switched off to see that its absence is found.
public enum Mutant: String, Sendable, Hashable, Codable, CaseIterable {
    /// The resource does not look at tokens.
    case fenceOff = "fence-off"
    /// A holder that lost its lease deletes the lock, whoever holds it now.
    case releaseWithoutCompare = "release-without-compare"
    /// The effect of a job does not carry the job's idempotency key.
    case keyOff = "key-off"
    /// A token is the largest of a majority of counters, and is not written back to a majority.
    case naiveToken = "naive-token"
    /// A lock node that has forgotten everything votes again at once.
    case rejoinAtOnce = "rejoin-at-once"
    /// A worker takes a job off its queue, and registers later that it has it.
    case twoStepClaim = "two-step-claim"
    /// An outcome is recorded whether or not the execution is still the job's.
    case staleCompletion = "stale-completion"
}
