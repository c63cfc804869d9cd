import HoldfastHistory
import HoldfastRuntime
import Synchronization

/// Somebody's wait for a lock, in the history from its beginning: one that never ends shows.
final class LockSeek: Sendable {
    private let history: HistoryWriter
    private let operation: Mutex<HistoryWriter.Operation?>

    /// - Parameter limit: For how long to wait at most.
    init(_ history: HistoryWriter, _ lock: String, atMost limit: Duration) {
        self.history = history
        operation = Mutex(history.begin(HistoryFunction.seek, [.text(lock), .number(limit.milliseconds)]))
    }

    /// It is over, the first time that this is called.
    func end(_ type: HistoryEvent.Kind, error: String? = nil) {
        guard let operation = operation.withLock({ $0.take() }) else { return }
        history.end(operation, type, error: error)
    }
}
