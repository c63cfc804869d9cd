import CProcess
import Glibc
public import HoldfastRuntime
import Synchronization

/// A process that this one started. It is collected as soon as it ends, whether anybody waits for it or not.
public final class ChildProcess: Sendable {
    public let pid: Int32
    /// The command it was started with.
    public let command: Command
    /// Its standard input, if the command asked for a pipe.
    public let input: PipeWriter?
    /// Its standard output, if the command asked for a pipe.
    public let output: PipeReader?
    /// Its standard error, if the command asked for a pipe.
    public let error: PipeReader?

    private enum State {
        case running(pidfd: Int32, waiters: [UInt64: CheckedContinuation<ExitStatus?, Never>], nextWaiter: UInt64)
        /// `kept`: its pidfd while it is not collected yet, see `Command.keepsGroup`.
        case ended(ExitStatus, kept: Int32?)
    }
    private let state: Mutex<State>

    init(pid: Int32, pidfd: Int32, command: Command, input: PipeWriter?, output: PipeReader?, error: PipeReader?) {
        self.pid = pid
        self.command = command
        self.input = input
        self.output = output
        self.error = error
        state = Mutex(.running(pidfd: pidfd, waiters: [:], nextWaiter: 0))
        watch(pidfd)
    }

    /// How it ended, nil while it runs.
    public var exitStatus: ExitStatus? {
        state.withLock { state in
            if case .ended(let status, _) = state { status } else { nil }
        }
    }

    public var isRunning: Bool { exitStatus == nil }

    /// Waits for its end. Cancellation does not shorten the wait, since the process would still be there: send it a
    /// signal, or use `waitUnlessCancelled`.
    public func wait() async -> ExitStatus {
        let status = await withCheckedContinuation { addWaiter($0) }
        guard let status else { preconditionFailure("a wait that nobody may cancel was cancelled") }
        return status
    }

    /// Waits for its end; throws as soon as the waiting task is cancelled, and leaves the process alone.
    public func waitUnlessCancelled() async throws(CancellationError) -> ExitStatus {
        let waiter = Mutex<UInt64?>(nil)
        let status = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiter.withLock { $0 = addWaiter(continuation) }
                // A cancellation that came before the waiter was known is repeated here.
                if Task.isCancelled { cancel(waiter.withLock { $0 }) }
            }
        } onCancel: {
            cancel(waiter.withLock { $0 })
        }
        guard let status else { throw CancellationError() }
        return status
    }

    /// Sends it a signal. Nothing happens, and false is returned, when it has ended: its number is never mistaken for
    /// that of a later process.
    @discardableResult
    public func signal(_ signal: Signal) -> Bool {
        state.withLock { state in
            guard case .running(let pidfd, _, _) = state else { return false }
            return cprocess_signal(pidfd, signal.rawValue) == 0
        }
    }

    /// Sends a signal to its whole process group, which the command must have asked for. Only while it runs itself, or
    /// with `Command.keepsGroup` until `releaseGroup`: afterwards the group's number may belong to others.
    @discardableResult
    public func killGroup(_ signal: Signal = .kill) -> Bool {
        precondition(command.grouping != .shared, "the group of this child is its parent's, which must not be killed")
        return state.withLock { state in
            if case .ended(_, kept: nil) = state { return false }
            return Glibc.kill(-pid, signal.rawValue) == 0
        }
    }

    /// Gives up the numbers of an ended child that `Command.keepsGroup` kept; nothing happens while it runs. Dropping
    /// the child does the same.
    public func releaseGroup() {
        state.withLock { state in
            guard case .ended(let status, .some(let pidfd)) = state else { return }
            var signalled = false
            var value: Int32 = 0
            _ = cprocess_reap(pidfd, false, &signalled, &value)
            close(pidfd)
            state = .ended(status, kept: nil)
        }
    }

    deinit { releaseGroup() }

    /// Asks it to end, ends it by force after `grace`, with its group if it leads one, and returns once it has ended. A
    /// stopped process is resumed so that it can follow. Cancellation of the caller changes nothing: this is clean-up.
    @discardableResult
    public func terminate(grace: Duration, runtime: any Runtime = LiveRuntime()) async -> ExitStatus {
        signal(.terminate)
        signal(.resume)
        let shielded = Task {  // tidy:allow seam because clean-up is shielded from the caller's cancellation
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await runtime.sleep(for: grace)
                    if !Task.isCancelled { self.endByForce() }
                }
                let status = await self.wait()
                group.cancelAll()
                return status
            }
        }
        return await shielded.value
    }
}

extension ChildProcess {
    private func endByForce() {
        if command.grouping == .shared { signal(.kill) } else { killGroup(.kill) }
    }

    private func watch(_ pidfd: Int32) {
        ProcessThread.shared.whenReady(pidfd) { self.collect(pidfd) }
    }

    /// Runs on the process thread once the process has ended.
    private func collect(_ pidfd: Int32) {
        let waiters: [CheckedContinuation<ExitStatus?, Never>]? = state.withLock { state in
            guard case .running(_, let waiters, _) = state else {
                preconditionFailure("process \(pid) ended twice")
            }
            var signalled = false
            var value: Int32 = 0
            let reaped = cprocess_reap(pidfd, command.keepsGroup, &signalled, &value)
            if reaped == 0 { return nil }
            precondition(reaped == 1, "process \(pid) was collected by somebody else: \(ProcessError.text(-reaped))")
            ProcessThread.shared.forget(pidfd)
            if !command.keepsGroup { close(pidfd) }
            state = .ended(
                signalled ? .signalled(value) : .exited(value), kept: command.keepsGroup ? pidfd : nil)
            return Array(waiters.values)
        }
        guard let waiters else { return watch(pidfd) }
        let status = exitStatus
        for waiter in waiters { waiter.resume(returning: status) }
    }

    /// Resumes at once if the process has ended. Returns the waiter's number otherwise.
    @discardableResult
    private func addWaiter(_ continuation: CheckedContinuation<ExitStatus?, Never>) -> UInt64? {
        let (ended, number): (ExitStatus?, UInt64?) = state.withLock { state in
            switch state {
            case .ended(let status, _): return (status, nil)
            case .running(let pidfd, var waiters, let next):
                waiters[next] = continuation
                state = .running(pidfd: pidfd, waiters: waiters, nextWaiter: next + 1)
                return (nil, next)
            }
        }
        if let ended { continuation.resume(returning: ended) }
        return number
    }

    private func cancel(_ number: UInt64?) {
        guard let number else { return }
        let waiter: CheckedContinuation<ExitStatus?, Never>? = state.withLock { state in
            guard case .running(let pidfd, var waiters, let next) = state else { return nil }
            let waiter = waiters.removeValue(forKey: number)
            state = .running(pidfd: pidfd, waiters: waiters, nextWaiter: next)
            return waiter
        }
        waiter?.resume(returning: nil)
    }
}
