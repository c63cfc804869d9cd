import Foundation
import HoldfastRuntime

/// Which of its queues a worker looks at first.
public enum QueueOrder: Sendable, Hashable {
    /// The first queue's jobs before the second's, and so on. A queue may starve those behind it.
    case strict
    /// Each time it takes jobs, it begins with the queue behind the one that it began with before.
    case roundRobin
    /// In a fresh random order each time.
    case random
    /// In a random order in which a queue of weight 3 comes first three times as often as one of weight 1. One weight
    /// (1 to 1000) for each queue.
    case weighted([Int])
}

/// The order of the queues from one take to the next.
struct QueueRotation: Sendable {
    private let queues: [QueueName]
    private let order: QueueOrder
    private var turn = 0

    init(_ queues: [QueueName], _ order: QueueOrder) {
        self.queues = queues
        self.order = order
    }

    mutating func next(_ runtime: any Runtime) -> [QueueName] {
        if queues.count == 1 { return queues }
        switch order {
        case .strict: return queues
        case .roundRobin:
            defer { turn = (turn + 1) % queues.count }
            return Array(queues[turn...] + queues[..<turn])
        case .random: return Self.drawn(queues, Array(repeating: 1, count: queues.count), runtime)
        case .weighted(let weights): return Self.drawn(queues, weights, runtime)
        }
    }

    /// P. Efraimidis, P. Spirakis, *Weighted random sampling with a reservoir* (2006), in the form of exponential
    /// clocks: the queue whose clock of rate `weight` rings first comes first.
    private static func drawn(_ queues: [QueueName], _ weights: [Int], _ runtime: any Runtime) -> [QueueName] {
        let clocks = weights.map { -log(1 - runtime.randomUnit()) / Double($0) }
        return queues.indices.sorted { clocks[$0] < clocks[$1] }.map { queues[$0] }
    }
}
