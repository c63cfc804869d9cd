public import HoldfastRuntime

/// One thing that happened in a run, as its witness wrote it down.
public struct HistoryEvent: Sendable, Hashable, Codable {
    public enum Kind: Sendable, Hashable, Codable {
        /// A lock was issued now, by an attempt that began at `asked`.
        case acquired(lock: String, token: Int64, owner: String, asked: WallTime)
        case released(lock: String, token: Int64)
        case lost(lock: String, token: Int64, reason: String)
        case refused(lock: String, reason: String)
        case jobStarted(job: String, execution: Int)
        case jobEnded(job: String, execution: Int, outcome: String)
        case fault(String, target: String)
        case healed(String, target: String)
    }

    /// When, on the machine's wall clock: for people, and for order among processes of one machine.
    public var time: WallTime
    /// Which process wrote it.
    public var who: String
    public var kind: Kind

    public init(time: WallTime, who: String, kind: Kind) {
        self.time = time
        self.who = who
        self.kind = kind
    }
}
