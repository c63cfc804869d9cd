import ArgumentParser

/// Which of its queues a worker looks at first, on the command line.
enum OrderArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case strict
    case roundRobin = "round-robin"
    case random
    case weighted
}

/// The weights of a worker's queues, as `3,1,1`.
struct WeightsArgument: ExpressibleByArgument, Sendable, Hashable {
    let values: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !parts.contains(nil) else { return nil }
        values = parts.compactMap(\.self)
    }

    var text: String { values.map(String.init).joined(separator: ",") }
}
