import HoldfastAgents
import HoldfastLocks
import HoldfastResources

/// The named points at which chaos strikes.
enum Points {
    /// An agent's call is known, and its effect has not begun.
    static let decided = AgentPoint.decided
    /// An agent's call has had its effect, and nobody was told.
    static let acted = AgentPoint.effected
    /// Further nodes are about to be asked for a lock.
    static let asking = LockPoint.asking
    /// A majority granted unequal numbers, and the token is about to be written back.
    static let confirming = LockPoint.confirming
    /// A lock is granted, and its holder has not been told.
    static let granted = LockPoint.granted
    /// A transfer has read its balances, and writes the new ones next.
    static let opened = Ledger.opened
    /// A transfer is written, and nobody was told.
    static let committed = Ledger.committed
    /// A holder has raised the fence and read, and writes next.
    static let raised = "register.raised"
    /// A holder has written, and still holds the lock.
    static let written = "register.written"
    /// A job has begun, and has had no effect.
    static let begun = "job.begun"
    /// A job has had its effect, and is not completed.
    static let effected = "job.effected"
    /// A job's program runs, and has had no effect.
    static let programBegun = "program.begun"
    /// A job's program has had its effect, and has not ended.
    static let programEffected = "program.effected"

    /// Those to which a program comes, and no worker.
    static let ofPrograms = [programBegun, programEffected]
    static let all =
        [decided, acted, asking, confirming, granted, opened, committed, raised, written, begun, effected] + ofPrograms
}
