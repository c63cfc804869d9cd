import HoldfastHistory
import HoldfastRuntime

/// The run's side of a workload: prepares, asks for work, and calls the witnesses.
protocol WorkloadDriver: Sendable {
    /// Before any worker is started.
    func prepare() async throws

    /// Asks for work until `deadline`.
    func produce(until deadline: Instant) async throws

    /// Whether nothing waits or runs any more.
    func isDone() async throws -> Bool

    /// Lets the resources themselves say what happened, after the last worker has ended.
    func testify() async throws

    func progress() async throws -> WorkloadProgress

    func close() async
}

struct WorkloadProgress: Sendable, Hashable {
    var asked = 0
    var applied = 0
    var waiting = 0
    /// Jobs that were given up.
    var failed = 0
}
