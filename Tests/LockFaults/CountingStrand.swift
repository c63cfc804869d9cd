import HoldfastRedis
import Synchronization

/// A strand that tells a ``Watch`` of the timers that its tasks start.
final class CountingStrand: Strand {
    let base: any Strand

    init(_ base: any Strand) { self.base = base }

    /// What a task leaves to the strand is still the task's.
    func execute(_ work: @escaping @Sendable () -> Void) {
        guard let watch = Watch.current else { return base.execute(work) }
        base.execute { Watch.$current.withValue(watch) { work() } }
    }

    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) -> any StrandTimer {
        // Without a watch it belongs to a connection, which has a timer always.
        guard let watch = Watch.current else { return base.schedule(after: delay, work) }
        Step.take()
        let timer = WatchedTimer(watch.counts)
        timer.set(
            base.schedule(after: delay) {
                timer.end(fired: true)
                Step.take()
                work()
            })
        return timer
    }

    var isCurrent: Bool { base.isCurrent }

    var executor: any TaskExecutor { base.executor }
}

/// Counts as live until it has fired or is cancelled, whichever is first.
private final class WatchedTimer: StrandTimer {
    private let counts: Watch.Counts
    private let state = Mutex<(timer: (any StrandTimer)?, isOver: Bool)>((nil, false))

    init(_ counts: Watch.Counts) {
        self.counts = counts
        counts.liveTimers.add(1)
    }

    func set(_ timer: any StrandTimer) { state.withLock { if !$0.isOver { $0.timer = timer } } }

    func cancel() {
        state.withLock { $0.timer }?.cancel()
        end(fired: false)
    }

    func end(fired: Bool) {
        let isFirst = state.withLock { state in
            defer { state = (nil, true) }
            return !state.isOver
        }
        guard isFirst else { return }
        counts.liveTimers.add(-1)
        if fired { counts.firedTimers.add(1) }
    }
}
