import HoldfastResources

/// The named points at which chaos strikes.
enum Points {
    static let opened = Ledger.opened
    static let committed = Ledger.committed
}
