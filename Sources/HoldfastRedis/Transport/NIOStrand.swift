import HoldfastRuntime
import NIOCore

/// SwiftNIO's event loop as a strand, and as a task executor (NIO itself offers none for tasks).
final class NIOStrand: Strand, TaskExecutor {
    let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func execute(_ work: @escaping @Sendable () -> Void) { loop.execute(work) }

    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) -> any StrandTimer {
        NIOTimer(scheduled: loop.scheduleTask(in: .nanoseconds(max(0, delay.nanoseconds))) { work() })
    }

    var isCurrent: Bool { loop.inEventLoop }

    var executor: any TaskExecutor { self }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        loop.execute { unowned.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

private struct NIOTimer: StrandTimer {
    let scheduled: Scheduled<Void>

    func cancel() { scheduled.cancel() }
}
