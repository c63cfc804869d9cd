import Synchronization

/// A running benchmark: one line, redrawn on a terminal.
final class BenchView: Sendable {
    private let view: LiveView?
    private let seconds: Double
    private let elapsed = Atomic<Int>(0)

    init(isShown: Bool, seconds: Double) {
        view = isShown ? LiveView() : nil
        self.seconds = seconds
    }

    /// Called once a second. A watcher cannot throw; a closed pipe shows when the result is written.
    func show(cycles: Int) {
        let second = elapsed.add(1, ordering: .relaxed).newValue
        let text = "\(second) of \(seconds) s: \(cycles) locks acquired and released"
        try? view?.show([text], plain: text)
    }

    func clear() throws { try view?.clear() }
}
