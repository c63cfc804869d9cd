import Foundation
import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// One server of a local cluster: what chaos kills, pauses and restarts.
public final class ClusterMember: Sendable {
    public let name: String
    public let role: MemberRole
    /// Its configuration, log and data.
    public let directory: String

    struct Plan: Sendable {
        var binary: String
        var settings: [ServerSetting]
        var environment: [String: String]
        var lifetime: ClusterLifetime
        var startTimeout: Duration
    }
    let plan: Plan
    let runtime: any Runtime

    struct State {
        var port: Int
        var process: ServerProcess?
        /// Somebody starts or stops it now.
        var busy = false
        /// Times that it was started, by this value.
        var starts = 0
        /// On top of the plan's.
        var settings: [ServerSetting] = []
    }
    let state: Mutex<State>
    /// Called after every change of the process, to record it.
    private let changed: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    init(
        name: String, role: MemberRole, directory: String, port: Int, process: ServerProcess?, plan: Plan,
        runtime: any Runtime
    ) {
        self.name = name
        self.role = role
        self.directory = directory
        self.plan = plan
        self.runtime = runtime
        state = Mutex(State(port: port, process: process))
    }

    deinit {
        guard plan.lifetime == .embedded else { return }
        state.withLock { state in
            if case .child(let child) = state.process { child.signal(.kill) }
        }
    }

    public var port: Int { state.withLock { $0.port } }

    /// Where clients reach it.
    public var url: String { "redis://127.0.0.1:\(port)" }

    /// The log of all its starts.
    public var logPath: String { directory + "/redis.log" }

    /// The server's data: what `restart(empty: true)` forgets.
    public var dataDirectory: String { directory + "/data" }

    /// Nil while it is down.
    public var pid: Int32? { state.withLock { $0.process.flatMap { $0.isRunning ? $0.pid : nil } } }

    public var status: MemberStatus {
        let identity = state.withLock { $0.process?.identity }
        return MemberStatus(
            name: name, role: role, url: url, port: port, pid: identity?.pid,
            state: identity.map { $0.isStopped ? .paused : .running } ?? .down)
    }

    /// Ends it at once, as a power failure would. Returns once it has ended.
    public func kill() async {
        let process = state.withLock { $0.process }
        guard let process else { return }
        process.signal(.kill)
        await process.terminate(grace: .zero, runtime: runtime)
        changed.withLock { $0 }?()
    }

    /// Suspends it and returns once it stands still: connections stay, nothing is answered. False when it is down.
    @discardableResult
    public func pause() async -> Bool {
        guard let process = state.withLock({ $0.process }), process.signal(.stop) else { return false }
        // The signal takes effect a moment later, and nothing reports that of a process that need not be our child.
        for _ in 0..<1000 {
            guard let identity = process.identity else { return false }
            if identity.isStopped { return true }
            try? await runtime.sleep(for: .milliseconds(1))
        }
        return process.identity?.isStopped ?? false
    }

    /// Ends a pause; what was sent meanwhile is executed now. False when it is down.
    @discardableResult
    public func resume() -> Bool { state.withLock { $0.process }?.signal(.resume) ?? false }

    /// Asks it to end, with its data on the disk, and insists after `grace`.
    public func stop(grace: Duration = .seconds(10)) async {
        let process = state.withLock { $0.process }
        await process?.terminate(grace: grace, runtime: runtime)
        changed.withLock { $0 }?()
    }

    /// Waits until the process that runs now has ended; returns at once when it is down.
    ///
    /// - Throws: `CancellationError`.
    public func waitForEnd() async throws(CancellationError) {
        _ = try await state.withLock { $0.process }?.waitForEnd()
    }

    /// Ends it at once if it runs and starts it on the same port; returns once it answers.
    ///
    /// - Parameters:
    ///   - empty: it forgets its data first.
    ///   - settings: on top of those that it was made with, until the next restart.
    /// - Throws: `ClusterError`; it is down then.
    public func restart(empty: Bool = false, with settings: [ServerSetting] = []) async throws(ClusterError) {
        await kill()
        if empty { try removeData() }
        state.withLock { $0.settings = settings }
        try await start(onSamePort: true)
    }

    private func removeData() throws(ClusterError) {
        do {
            if FileManager.default.fileExists(atPath: dataDirectory) {
                try FileManager.default.removeItem(atPath: dataDirectory)
            }
        } catch {
            throw .directory(path: dataDirectory, reason: "its data cannot be removed")
        }
    }

    func onChange(_ body: @escaping @Sendable () -> Void) { changed.withLock { $0 = body } }

    func noteChange() { changed.withLock { $0 }?() }
}
