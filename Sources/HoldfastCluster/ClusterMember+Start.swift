import Foundation
import HoldfastProcess
import HoldfastRuntime
import Synchronization

extension ClusterMember {
    /// Starts it and returns once it answers. Another port is chosen, in bounded tries, when somebody else took the
    /// wanted one and `onSamePort` is false.
    func start(onSamePort: Bool) async throws(ClusterError) {
        let free = state.withLock { state in
            if state.busy || state.process?.isRunning == true { return false }
            state.busy = true
            return true
        }
        guard free else { throw .busy(member: name) }
        defer { state.withLock { $0.busy = false } }

        try makeDirectories()
        let tries = onSamePort ? 1 : 10
        for attempt in 1...tries {
            let port = port
            let log = LogTail(path: logPath)
            let failure: String
            switch try await launch(port: port) {
            case .ready:
                noteChange()
                return
            case .cancelled:
                throw .cancelled
            case .timedOut(let last):
                failure = "it did not answer within \(plan.startTimeout.seconds) s (\(last))"
                throw .didNotStart(member: name, reason: failure, log: log.text())
            case .foreign(let who):
                failure = "port \(port) is served by \(who)"
            case .ended(let status):
                failure = status.map { "\($0)" } ?? "it ended"
                if !log.text().contains("Address already in use") {
                    throw .didNotStart(member: name, reason: failure, log: log.text())
                }
            }
            if attempt == tries { throw .didNotStart(member: name, reason: failure, log: log.text()) }
            let other = try FreePort.choose(avoiding: [port], runtime: runtime)
            state.withLock { $0.port = other }
        }
    }

    /// One attempt. Unless it ends ready, nothing is left running.
    private func launch(port: Int) async throws(ClusterError) -> Readiness {
        try writeConfiguration(port: port)
        var command = Command(plan.binary, [directory + "/redis.conf"])
        command.directory = directory
        command.environment = .inheritAnd(plan.environment)
        command.output = .file(logPath)
        command.error = .file(logPath)
        // Away from the terminal: control-C is for whoever started the cluster, which then stops it in order.
        command.grouping = .ownSession
        command.diesWithParent = plan.lifetime == .embedded
        let process: ServerProcess
        do { process = .child(try await ChildProcess.start(command)) } catch {
            throw .didNotStart(member: name, reason: "\(error)", log: "")
        }
        state.withLock { state in
            state.process = process
            state.starts += 1
        }
        noteChange()
        let readiness = await Readiness.await(process, port: port, patience: plan.startTimeout, runtime: runtime)
        if readiness != .ready {
            await process.terminate(grace: .zero, runtime: runtime)
            state.withLock { $0.process = nil }
            noteChange()
        }
        return readiness
    }

    private func makeDirectories() throws(ClusterError) {
        do {
            try FileManager.default.createDirectory(
                atPath: dataDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .directory(path: dataDirectory, reason: "it cannot be created")
        }
    }

    private func writeConfiguration(port: Int) throws(ClusterError) {
        let own = [
            ServerSetting("port", "\(port)"), ServerSetting("dir", dataDirectory),
            ServerSetting("pidfile", pidPath), ServerSetting("logfile", ""),
        ]
        let lines =
            ["# \(name), written by holdfast at every start"]
            + (plan.settings + own + state.withLock { $0.settings }).map(\.line) + [""]
        do {
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: directory + "/redis.conf"))
        } catch {
            throw .directory(path: directory, reason: "redis.conf cannot be written")
        }
    }

    private var pidPath: String { directory + "/redis.pid" }

    /// A server of this member that runs although nobody recorded it: whoever started it was killed in between. Found
    /// by the file that the server wrote, and believed only if that process works in this member's data.
    static func unrecorded(in directory: String) -> ProcessIdentity? {
        guard let text = try? String(contentsOfFile: directory + "/redis.pid", encoding: .utf8),
            let pid = Int32(text.filter { !$0.isWhitespace }), let identity = ProcessIdentity(pid: pid),
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
        else { return nil }
        let data = URL(filePath: directory + "/data").resolvingSymlinksInPath().path
        return place == data && identity.isAlive ? identity : nil
    }
}

/// What a server has logged since this value was made.
struct LogTail {
    private let path: String
    private let start: UInt64

    init(path: String) {
        self.path = path
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        start = (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    }

    /// The last lines, at most eight and 4 KiB.
    func text() -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? file.close() }
        guard let end = try? file.seekToEnd() else { return "" }
        let from = max(start, end > 4096 ? end - 4096 : 0)
        guard (try? file.seek(toOffset: from)) != nil, let data = try? file.readToEnd() else { return "" }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(8).joined(separator: "\n")
    }
}
