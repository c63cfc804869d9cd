internal import Synchronization

/// The counters, written by the driver thread and read by anyone.
final class StatisticsBox: Sendable {
    private let values = Mutex(HTTPStatistics())

    var current: HTTPStatistics { values.withLock { $0 } }

    func change(_ body: (inout HTTPStatistics) -> Void) { values.withLock { body(&$0) } }
}
