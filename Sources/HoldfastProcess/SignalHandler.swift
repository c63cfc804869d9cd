import CProcess
import Glibc
import Synchronization

/// Calls a closure when this process gets a signal, until it is removed. The closure runs on an ordinary thread, not in
/// the signal's context, so it may do anything that does not block for long.
public final class SignalHandler: Sendable {
    private let signal: Signal
    private let body: @Sendable () -> Void
    /// The descriptor that becomes readable with each signal, nil once it is removed.
    private let descriptor: Mutex<Int32?>

    /// From here on no such signal is missed, nor does it do what it did before.
    ///
    /// - Throws: `ProcessError.system` when the signal cannot be caught or another handler catches it.
    public init(_ signal: Signal, _ body: @escaping @Sendable () -> Void) throws(ProcessError) {
        let caught = cprocess_catch(signal.rawValue)
        guard caught >= 0 else { throw .system(operation: "catching \(signal)", errno: -caught) }
        self.signal = signal
        self.body = body
        descriptor = Mutex(caught)
        watch(caught)
    }

    /// The signal does again what it did before.
    public func remove() {
        descriptor.withLock { descriptor in
            guard let open = descriptor else { return }
            ProcessThread.shared.forget(open)
            cprocess_release(signal.rawValue)
            descriptor = nil
        }
    }

    deinit { remove() }

    private func watch(_ caught: Int32) {
        ProcessThread.shared.whenReady(caught) { [weak self] in self?.receive() }
    }

    /// Runs on the process thread.
    private func receive() {
        let count = descriptor.withLock { descriptor in
            guard let descriptor else { return 0 }
            var bytes: [UInt8] = Array(repeating: 0, count: 64)
            let count = read(descriptor, &bytes, bytes.count)
            watch(descriptor)
            return max(0, count)
        }
        for _ in 0..<count { body() }
    }
}
