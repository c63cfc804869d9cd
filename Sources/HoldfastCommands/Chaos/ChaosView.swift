import HoldfastChaos
import HoldfastRuntime
import Synchronization

/// A run under way: a block on a terminal, a line a second in a pipe.
final class ChaosView: Sendable {
    private let view: LiveView?
    private let seconds: Int
    private let lastSecond = Mutex<Int64>(-1)
    private let palette = Palette(for: .standard)

    init(isShown: Bool, seconds: Int) {
        view = isShown ? LiveView() : nil
        self.seconds = seconds
    }

    /// A watcher cannot throw; a closed pipe shows when the verdict is written.
    func show(_ snapshot: ChaosSnapshot) {
        let second = snapshot.elapsed.components.seconds
        let isNewSecond = lastSecond.withLock { last in
            defer { last = second }
            return last != second
        }
        try? view?.show(lines(snapshot), plain: isNewSecond ? plain(snapshot) : nil)
    }

    func clear() throws { try view?.clear() }

    private func plain(_ snapshot: ChaosSnapshot) -> String {
        let up = snapshot.nodes.values.count { $0 }
        let nodes = snapshot.nodes.isEmpty ? "" : ", \(up)/\(snapshot.nodes.count) nodes up"
        return "\(snapshot.elapsed.components.seconds) s \(snapshot.phase.rawValue): "
            + "\(snapshot.applied)/\(snapshot.asked) done, \(snapshot.workers.count) workers\(nodes)"
            + (snapshot.faults.isEmpty ? "" : "; \(Self.faults(snapshot))")
            + (snapshot.latestFault.isEmpty ? "" : "; latest fault: \(snapshot.latestFault)")
    }

    private static func faults(_ snapshot: ChaosSnapshot) -> String {
        snapshot.faults.map { "\($0.title) \($0.injected)/\($0.planned)" }.joined(separator: "  ")
    }

    private func lines(_ snapshot: ChaosSnapshot) -> [String] {
        let nodes = snapshot.nodes.sorted { $0.key < $1.key }.map { name, isUp in
            isUp ? Style.green("\(name) up", palette) : Style.red("\(name) DOWN", palette)
        }
        var lines = [
            Style.bold("\(snapshot.phase.rawValue) \(snapshot.elapsed.components.seconds)/\(seconds) s", palette),
            "  done        \(snapshot.applied) of \(snapshot.asked) asked, \(snapshot.waiting) waiting",
            "  nodes       \(nodes.joined(separator: "  "))",
            "  workers     \(snapshot.workers.joined(separator: "  "))",
            "  faults      \(Self.faults(snapshot))  \(Style.yellow(snapshot.latestFault, palette))",
            "  held        \(snapshot.holders.count) locks",
        ]
        for holder in snapshot.holders.prefix(8) {
            lines.append("    \(holder.lock)  token \(holder.token)  \(Style.cyan(holder.worker, palette))")
        }
        return lines
    }
}
