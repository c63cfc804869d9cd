import HoldfastRedis
import Synchronization

/// Wakes one waiter when a lock may be free: at the word of the node that is asked first, or of enough others.
///
/// Hints only. A message that is missed costs time and nothing else, for every wait has an end of its own.
final class ReleaseBell: Sendable {
    private let home: Int
    private let enough: Int
    private let heard = Mutex<Set<Int>>([])
    private let alarm = Alarm()

    init(home: Int, enough: Int) {
        self.home = home
        self.enough = enough
    }

    /// A node has told of a release, or that it will tell from now on, so that one may have been missed.
    func hear(_ node: Int) {
        let rings = heard.withLock { heard in
            heard.insert(node)
            return node == home || heard.count >= enough
        }
        if rings { alarm.ring() }
    }

    /// What was heard so far belongs to an attempt that is made now.
    func rearm() {
        heard.withLock { $0 = [] }
        alarm.reset()
    }

    /// Waits until it rings, at most `limit`. Returns at once when it has rung since ``rearm()``, or when the caller is
    /// cancelled.
    func wait(atMost limit: Duration, _ strand: any Strand) async { await alarm.wait(atMost: limit, strand) }
}
