/// A lock as the nodes keep it, seen from outside: one owner's hold on one name.
public struct HeldLock: Sendable, Hashable {
    /// What one node keeps.
    public struct Holding: Sendable, Hashable {
        /// The node's place in the configuration.
        public var node: Int
        /// The node's fencing counter for the name; nil when there is none.
        public var counter: FencingToken?
        /// Until the node lets go of it; nil when it never will.
        public var remaining: Duration?
    }

    public var name: LockName
    /// The owner value that ``Lease/owner`` tells its holder.
    public var owner: String
    /// Readers hold a name together: each has an entry of its own.
    public var mode: LockMode
    /// One for each node that keeps the lock for this owner, in the order of the configuration.
    public var holdings: [Holding]
    /// How many nodes are needed to hold the lock.
    public var majority: Int

    /// Whether a majority of all nodes keeps it. An owner on fewer is about to get it, has just given it back, has
    /// lost it, or left it behind; or the other nodes are unreachable now.
    public var isHeld: Bool { holdings.count >= majority }

    /// Who the owner says to be; see ``LockClusterConfiguration/label``. Nil when it says nothing.
    public var label: String? {
        owner.firstIndex(of: " ").map { String(owner[owner.index(after: $0)...]) }
    }

    /// The owner's token (a reader's: its read token): the number that a majority of nodes stores with its hold. Nil
    /// when no majority was seen to agree, as in the middle of an acquisition, or with nodes out of reach.
    public var token: FencingToken? {
        let counts = Dictionary(holdings.compactMap(\.counter).map { ($0, 1) }, uniquingKeysWith: +)
        return counts.first { $0.value >= majority }?.key
    }

    /// The time until a majority no longer keeps it, or until the last node lets go where no majority does; nil when
    /// that will never be.
    public var remaining: Duration? {
        let never = Duration.seconds(Int64.max)
        let longest = holdings.map { $0.remaining ?? never }.sorted(by: >)
        let last = longest.isEmpty ? .zero : longest[isHeld ? majority - 1 : 0]
        return last == never ? nil : last
    }
}
