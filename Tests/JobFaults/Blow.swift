import Glibc
public import HoldfastProcess
import Synchronization

/// Ends or freezes this very process when it comes to a point for the n-th time. It is reported first.
public final class Blow: Sendable {
    public let point: String
    private let signal: Signal
    private let visit: Int
    private let visits = Atomic<Int>(0)

    /// - Parameters:
    ///   - point: A name of ``Points``, or a script's name and a ``Moment``: `take:answered`.
    ///   - visit: From 1.
    public init(at point: String, visit: Int, signal: Signal) {
        self.point = point
        self.visit = visit
        self.signal = signal
    }

    public func reach(_ point: String) {
        guard point == self.point, visits.add(1, ordering: .sequentiallyConsistent).newValue == visit else { return }
        Report(.blow, point).send()
        // To this thread: it goes no step further. Both signals then end or stop the whole process. One that is sent to
        // the process may be taken by another thread, while this one goes on for a while.
        pthread_kill(pthread_self(), signal.rawValue)
    }
}

/// The points that are not scripts' calls.
public enum Points {
    /// The worker knows of a job that it has taken.
    public static let taken = "taken"
    /// The handler runs and has done nothing yet.
    public static let running = "running"
    /// The handler has done its effect, and the outcome is not recorded.
    public static let effected = "effected"
}
