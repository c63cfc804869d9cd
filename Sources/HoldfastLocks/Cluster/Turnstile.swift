import DequeModule
import HoldfastRedis
import Synchronization

/// Lets the tasks of one process that wait for the same thing compete one at a time, in the order in which they came:
/// the nodes see one competitor a process, and nobody in it starves.
final class Turnstile: Sendable {
    private let lines = Mutex<[String: Deque<Alarm>]>([:])

    /// How many names have a line.
    var names: Int { lines.withLock { $0.count } }

    /// Runs `body` when it is the caller's turn.
    /// - Returns: nil when `limit` ended first or the caller was cancelled in the line.
    func pass<Value>(
        _ name: String, atMost limit: Duration?, _ strand: any Strand, _ body: () async -> Value
    ) async -> Value? {
        let turn = Alarm()
        let isFirst = lines.withLock { lines in
            lines[name, default: []].append(turn)
            return lines[name]?.count == 1
        }
        defer { leave(name, turn) }
        // Whoever comes first passes at once, also when it has been cancelled: its body will see that.
        if !isFirst {
            guard await turn.wait(atMost: limit, strand) else { return nil }
        }
        return await body()
    }

    private func leave(_ name: String, _ turn: Alarm) {
        let next = lines.withLock { lines -> Alarm? in
            guard var line = lines[name], let place = line.firstIndex(where: { $0 === turn }) else { return nil }
            line.remove(at: place)
            lines[name] = line.isEmpty ? nil : line
            // Whoever leaves from the front hands its turn on, also one that gave up just when it came.
            return place == 0 ? line.first : nil
        }
        next?.ring()
    }
}
