import HoldfastRuntime

extension Verification {
    /// What is done to clients and their connections: what needs no power over the nodes.
    public enum Fault: String, Sendable, Hashable, CaseIterable {
        case pause
        case kill
        case dropRequests = "drop-requests"
        case dropReplies = "drop-replies"
        case lateRequests = "late-requests"
        case delay
        case reset
        case refuse
        /// Connections are reset so that each client sees another majority of the nodes.
        case ring

        /// All that can be done to the clients of so many nodes: one or two have no other majority to show.
        public static func all(nodes: Int) -> [Fault] { allCases.filter { $0 != .ring || nodes > 2 } }
    }

    /// Longer runs suffer as often as a run of 20 seconds does.
    private static let longestInterval: Duration = .seconds(5)

    /// The fault as a scenario has it.
    func specification(_ fault: Fault) -> FaultSpec {
        // A single node, or two, have no minority whose absence the others bear.
        let some: FaultSpec.Target = options.nodes.count > 2 ? .minority : .node
        return switch fault {
        case .pause: ofClients(.pause, [Points.raised, Points.written])
        case .kill: ofClients(.kill, [nil, Points.raised, Points.written])
        case .dropRequests: ofLinks(.dropRequests, some)
        case .dropReplies: ofLinks(.dropReplies, some)
        case .lateRequests: ofLinks(.lateRequests, some)
        case .delay: ofLinks(.delay, some)
        case .reset: ofLinks(.reset, some)
        case .refuse: ofLinks(.refuse, some)
        case .ring: ofLinks(.reset, .ring)
        }
    }

    private func ofClients(_ kind: FaultSpec.Kind, _ points: [String?]) -> FaultSpec {
        let length = Duration.seconds(options.seconds)
        var fault = FaultSpec(kind, on: .worker, .every(min(length * 0.25, Self.longestInterval)))
        fault.points = points
        if kind == .pause { fault.spans = [.milliseconds(1500) ... .milliseconds(1900)] }
        return fault
    }

    private func ofLinks(_ kind: FaultSpec.Kind, _ target: FaultSpec.Target) -> FaultSpec {
        let length = Duration.seconds(options.seconds)
        var fault = FaultSpec(kind, on: target, .every(min(length * 0.5, Self.longestInterval * 2)))
        fault.spans = [.milliseconds(400) ... .milliseconds(1200)]
        return fault
    }
}
