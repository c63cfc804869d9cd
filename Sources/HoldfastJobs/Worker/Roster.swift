/// What a worker runs, and whether it takes more: the state of its loop, as a value.
struct Roster {
    enum Phase { case working, draining, stopping }

    enum Step: Hashable {
        /// Ask for this many jobs.
        case take(Int)
        /// Nothing can be done until something happens.
        case wait
        case end
    }

    let concurrency: Int
    private(set) var phase = Phase.working
    private(set) var executions: [String: Execution] = [:]
    /// Those whose lease is not renewed any more.
    private var abandoned: Set<String> = []
    private var queuesAreEmpty = false

    init(concurrency: Int) { self.concurrency = concurrency }

    var isIdle: Bool { executions.isEmpty }
    var known: [String] { Array(executions.keys) }
    var renewable: [Execution] { executions.values.filter { !abandoned.contains($0.id) } }

    func step(burst: Bool) -> Step {
        if phase != .working { return .end }
        if queuesAreEmpty {
            return burst && executions.isEmpty ? .end : .wait
        }
        let free = concurrency - executions.count
        return free > 0 ? .take(free) : .wait
    }

    /// - Precondition: there is a free slot.
    mutating func admit(_ execution: Execution) {
        precondition(executions.count < concurrency, "more jobs were taken than there are slots")
        executions[execution.id] = execution
    }

    mutating func leave(_ execution: Execution) {
        precondition(executions.removeValue(forKey: execution.id) != nil, "an execution ends once")
        abandoned.remove(execution.id)
    }

    mutating func abandon(_ execution: Execution) { abandoned.insert(execution.id) }

    mutating func foundNothing() { queuesAreEmpty = true }

    /// Something may wait in the queues.
    mutating func lookAgain() { queuesAreEmpty = false }

    /// The first request drains, the next one stops. Returns whom to interrupt.
    mutating func requestShutdown(atOnce: Bool) -> [Execution] {
        if phase == .stopping { return [] }
        guard atOnce || phase == .draining else {
            phase = .draining
            return []
        }
        phase = .stopping
        return Array(executions.values)
    }
}
