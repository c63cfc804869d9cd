import HoldfastProcess
import HoldfastRuntime

/// A running server: one of our children, or one that an earlier process left running.
enum ServerProcess: Sendable {
    case child(ChildProcess)
    case adopted(ProcessIdentity)

    var pid: Int32 {
        switch self {
        case .child(let child): child.pid
        case .adopted(let identity): identity.pid
        }
    }

    var isRunning: Bool {
        switch self {
        case .child(let child): child.isRunning
        case .adopted(let identity): identity.isAlive
        }
    }

    var identity: ProcessIdentity? {
        switch self {
        case .child(let child): child.isRunning ? ProcessIdentity(pid: child.pid) : nil
        case .adopted(let identity): identity.isAlive ? identity : nil
        }
    }

    @discardableResult
    func signal(_ signal: Signal) -> Bool {
        switch self {
        case .child(let child): child.signal(signal)
        case .adopted(let identity): identity.signal(signal)
        }
    }

    /// Waits until it has ended; says how, if that can be known.
    func waitForEnd() async throws(CancellationError) -> ExitStatus? {
        switch self {
        case .child(let child): return try await child.waitUnlessCancelled()
        case .adopted(let identity):
            try await identity.waitForEnd()
            return nil
        }
    }

    /// Asks it to end and insists after `grace`; returns once it has ended, whether or not the caller is cancelled.
    func terminate(grace: Duration, runtime: any Runtime) async {
        switch self {
        case .child(let child): await child.terminate(grace: grace, runtime: runtime)
        case .adopted(let identity): await identity.terminate(grace: grace, runtime: runtime)
        }
    }
}
