import HoldfastResources

/// The named points at which chaos strikes.
enum Points {
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

    static let all = [opened, committed, raised, written, begun, effected]
}
