import CProcess
import Glibc

/// Names one process for certain, across restarts of the program that remembers it: its number together with its start
/// time, since numbers are reused.
public struct ProcessIdentity: Sendable, Hashable, Codable {
    public let pid: Int32
    /// Clock ticks since the machine's boot, from /proc/PID/stat.
    public let startTicks: UInt64
    /// The boot it belongs to: ticks of another boot mean nothing.
    public let boot: String

    /// The identity of the process that has this number now, nil when there is none or it is a zombie.
    public init?(pid: Int32) {
        guard let stat = ProcessStat(pid: pid), !stat.hasEnded else { return nil }
        self.pid = pid
        startTicks = stat.startTicks
        boot = ProcessStat.contents("/proc/sys/kernel/random/boot_id")?.filter { !$0.isWhitespace } ?? ""
    }

    /// Whether exactly this process is there and not a zombie.
    public var isAlive: Bool { ProcessIdentity(pid: pid) == self }

    /// Sends a signal to exactly this process; false when it is not there any more or may not be signalled.
    @discardableResult
    public func signal(_ signal: Signal) -> Bool {
        let pidfd = cprocess_open(pid)
        guard pidfd >= 0 else { return false }
        defer { close(pidfd) }
        // The descriptor holds on to whoever has the number now; if that is not ours, it is left alone.
        guard isAlive else { return false }
        return cprocess_signal(pidfd, signal.rawValue) == 0
    }

    /// Whether it is suspended, by SIGSTOP or a debugger.
    public var isStopped: Bool { ProcessStat(pid: pid)?.isStopped == true && isAlive }

    /// Waits until it has ended. It need not be a child.
    ///
    /// - Throws: `CancellationError`.
    public func waitForEnd() async throws(CancellationError) {
        let descriptor = cprocess_open(pid)
        guard descriptor >= 0 else { return }
        let pidfd = Pipe(descriptor)
        while isAlive { try await pidfd.ready() }
    }
}
