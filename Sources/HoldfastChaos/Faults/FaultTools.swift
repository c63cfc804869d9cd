import HoldfastProcess

/// What a run has prepared for the faults of its scenario; nil: no fault of it needs that.
struct FaultTools: Sendable {
    /// Between workers and lock nodes.
    var links: Links?
    var clocks: Clocks?
    var disks: Disks?
    var kernel: KernelNetwork?
}

/// How to make a worker that is none of the fleet's.
struct Strangers: Sendable {
    /// The process of a worker with this name and number, and with a list of nodes of its own.
    var command: @Sendable (_ name: String, _ number: Int, _ nodes: [String]) -> Command
    /// Where it logs.
    var log: @Sendable (_ name: String) -> String
}
