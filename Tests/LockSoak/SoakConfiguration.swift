public import HoldfastLocks
import HoldfastRuntime

/// How long to soak, and how much may be left afterwards.
public struct SoakConfiguration: Sendable {
    /// Lock cycles in all, 1000 at least.
    public var cycles = 1_000_000
    /// Tasks that share them.
    public var callers = 16
    /// Decides which kinds of cycles follow each other. The machine decides how they meet.
    public var seed: UInt64 = 1
    /// Whom the clients ask first.
    public var asks = LockClusterConfiguration.Asking.all
    /// How often a connection to a node is lost.
    public var resets = 100
    /// The part of the cycles after which the process is taken to have its full size.
    public var warmUp = 0.2
    /// Bytes by which the process may grow from then on; nil: it is not judged.
    public var growthLimit: Int? = 16 << 20
    /// How long to wait for what ends by itself: leftovers of lost connections by their TTL, tasks by their next step.
    public var patience = Duration.seconds(30)

    public init() {}

    /// No lease is longer.
    static let maximumTTL = Duration.seconds(2)

    var resetInterval: Int { max(1, cycles / max(1, resets)) }
}
