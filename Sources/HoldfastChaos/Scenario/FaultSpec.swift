/// A kind of fault that a scenario injects again and again.
public struct FaultSpec: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// SIGKILL. Workers are replaced, nodes are started again.
        case kill
        /// SIGSTOP, and SIGCONT later.
        case pause
        /// SIGKILL of a program that a worker runs for a job, and of nothing else.
        case killProgram = "kill-program"
        /// Bytes take longer.
        case delay
        /// Nothing passes, in neither direction, until the link is healed; then all of it arrives, late.
        case stall
        /// Requests are lost, and the connection with them when the link is healed.
        case dropRequests = "drop-requests"
        /// Requests arrive and are obeyed, their replies are lost.
        case dropReplies = "drop-replies"
        /// Requests arrive when the link is healed, after their senders have given up; replies pass.
        case lateRequests = "late-requests"
        /// Connections are reset, and new ones again, until the link is healed.
        case reset
        /// Connections are reset, and nobody listens for new ones: they are refused, until the link is healed.
        case refuse
        /// The civil clock of a node jumps ahead by `by`, and back at the end.
        case clockForward = "clock-forward"
        /// It jumps back by `by`, and ahead at the end.
        case clockBack = "clock-back"
        /// It runs five times as fast.
        case clockFast = "clock-fast"
        /// It runs at a fifth of its speed.
        case clockSlow = "clock-slow"
        /// A node has no memory left for another write, and says so.
        case memoryLimit = "memory-limit"
        /// A node comes back with little memory and a policy that evicts what it promised to keep.
        case evict
        /// A node's writes fail for lack of space on its disk.
        case diskFull = "disk-full"
        /// A node's writes are not forced to the disk: fsync fails.
        case fsyncError = "fsync-error"
        /// The kernel drops what goes to a node, and TCP sends it again when that is over.
        case kernelDropRequests = "kernel-drop-requests"
        /// The kernel drops what comes from a node.
        case kernelDropReplies = "kernel-drop-replies"
        /// Another worker joins, with another list of lock nodes.
        case otherNodes = "other-nodes"

        /// Whether it strikes the links between workers and lock nodes.
        public var isOfNetwork: Bool {
            switch self {
            case .delay, .stall, .dropRequests, .dropReplies, .lateRequests, .reset, .refuse: true
            default: false
            }
        }

        /// Whether it needs the library between a server and its disk.
        public var isOfDisk: Bool { self == .diskFull || self == .fsyncError }

        /// Whether it strikes in the kernel, by rules for packets.
        public var isOfKernel: Bool { self == .kernelDropRequests || self == .kernelDropReplies }

        /// Whether it strikes workers, or makes one.
        public var isOfWorkers: Bool {
            switch self {
            case .kill, .pause, .killProgram, .otherNodes: true
            default: false
            }
        }

        /// Whether it strikes the clocks of lock nodes.
        public var isOfClock: Bool {
            switch self {
            case .clockForward, .clockBack, .clockFast, .clockSlow: true
            default: false
            }
        }
    }

    /// On whom.
    public enum Target: Sendable, Hashable {
        /// A worker, drawn when its time has come.
        case worker
        /// One lock node.
        case node
        /// The largest number of nodes whose absence a quorum bears.
        case minority
        /// The smallest number of nodes without which there is no quorum.
        case majority
        /// Links only: each worker sees another majority of the nodes.
        case ring
        /// The node of that name.
        case named(String)
    }

    /// How a killed node comes back.
    public enum Restart: String, Sendable, Hashable, Codable, CaseIterable {
        case data
        /// Without its data, as after a lost disk.
        case empty
        /// Without the newest bytes of its append-only file, as after a power failure without `appendfsync always`.
        case cut
        /// With its data as they were a while before, as from a backup.
        case snapshot

        /// With what, in words.
        var words: String {
            switch self {
            case .data: "its data"
            case .empty: "nothing"
            case .cut: "the newest bytes of its file gone"
            case .snapshot: "an old snapshot of its data"
            }
        }
    }

    /// How another worker's list of nodes differs.
    public enum NodeList: String, Sendable, Hashable, Codable, CaseIterable {
        /// Only a majority of the nodes, as if there were no others.
        case shorter
        /// All of them, each at the place of its neighbour.
        case turned
        /// Two of them at each other's place.
        case swapped
    }

    /// When.
    public enum Rhythm: Sendable, Hashable {
        /// Once in each of so many parts of the run, at a moment that the seed draws.
        case every(Duration)
        case at([Duration])
    }

    public var kind: Kind
    public var target: Target
    public var rhythm: Rhythm
    /// Named points of the protocol at which a worker is struck, in turn; nil: wherever it is.
    public var points: [String?] = [nil]
    /// How long it lasts, in turn, drawn from the range by the seed.
    public var spans: [ClosedRange<Duration>] = [.seconds(1) ... .seconds(2)]
    /// By how much pieces of the streams are delayed at most, each by a part of it drawn at random; how far a clock
    /// jumps.
    public var extent: Duration = .milliseconds(100)
    /// In turn.
    public var restarts: [Restart] = [.data]
    /// In turn.
    public var lists: [NodeList] = NodeList.allCases

    public init(_ kind: Kind, on target: Target, _ rhythm: Rhythm) {
        self.kind = kind
        self.target = target
        self.rhythm = rhythm
    }

    /// As verdicts and reports call it.
    public var title: String {
        switch target {
        case .worker: "\(kind.rawValue) worker"
        case .node: "\(kind.rawValue) node"
        case .minority: "\(kind.rawValue) minority of nodes"
        case .majority: "\(kind.rawValue) majority of nodes"
        case .ring: "\(kind.rawValue) ring of links"
        case .named(let name): "\(kind.rawValue) \(name)"
        }
    }
}
