/// How a scenario is run.
public struct ChaosOptions: Sendable, Hashable {
    /// Work and faults are drawn from it.
    public var seed: UInt64 = 1
    /// Switches one protection off, so that the harm shows which it prevents.
    public var mutant: Mutant?
    /// Lock nodes that run already, which are then not harmed; nil starts some.
    public var nodes: [String]?
    /// A store that runs already; nil starts one.
    public var store: String?
    /// The command line of an adapter for another lock library, which is then judged in place of ours.
    public var adapter: String?
    /// Kept afterwards, with logs and histories; nil takes a temporary one that is removed.
    public var directory: String?
    /// The program that can be a worker, and the arguments that make it one.
    public var program: String
    public var workerArguments = ["chaos", "worker"]

    public init(program: String) { self.program = program }
}
