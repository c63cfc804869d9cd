import Foundation
import HoldfastProcess
public import HoldfastRuntime

extension LocalCluster {
    /// Starts the servers, and returns once all answer.
    ///
    /// Data and ports of an earlier run in the same directory are used again. Servers that an earlier `detached` start
    /// left running are adopted by another `detached` start of the same configuration.
    /// - Throws: `ClusterError`; nothing that this call started is left running then.
    public static func start(
        _ configuration: ClusterConfiguration, lifetime: ClusterLifetime = .embedded,
        runtime: any Runtime = LiveRuntime()
    ) async throws(ClusterError) -> LocalCluster {
        try configuration.validate()
        let binary = try ServerBinary.find()
        let directory = try prepare(configuration.directory)
        let lock = try DirectoryLock(directory: directory)
        let earlier = try ClusterState.load(from: directory)
        let found = try findRunning(earlier, in: directory, for: configuration, lifetime: lifetime)

        var members: [ClusterMember] = []
        var ports: Set<Int> = Set(earlier?.members.map(\.port) ?? [])
        for (name, role) in configuration.members {
            let recorded = earlier?.members.first { $0.name == name }
            let process = found[name]
            let port: Int
            if let recorded, process != nil || FreePort.isFree(recorded.port) {
                port = recorded.port
            } else {
                port = try FreePort.choose(avoiding: ports, runtime: runtime)
            }
            ports.insert(port)
            members.append(
                ClusterMember(
                    name: name, role: role, directory: "\(directory)/\(name)", port: port,
                    process: process.map(ServerProcess.adopted),
                    plan: ClusterMember.Plan(
                        binary: binary, settings: configuration.settings(of: name, role: role),
                        environment: configuration.environment[name] ?? [:], lifetime: lifetime,
                        startTimeout: configuration.startTimeout),
                    runtime: runtime))
        }
        let cluster = LocalCluster(
            directory: directory, lifetime: lifetime, members: members, adopted: found.keys.sorted(),
            configuration: configuration, lock: lock, runtime: runtime)
        try await cluster.startMissing()
        if lifetime == .detached { cluster.release() }
        return cluster
    }

    /// Starts what does not run; on failure stops what this call started.
    private func startMissing() async throws(ClusterError) {
        for member in members {
            // Recorded at once: a server whose starter is killed must be found again.
            member.onChange { [weak self] in try? self?.record() }
        }
        let missing = members.filter { $0.pid == nil }
        let outcomes = await withTaskGroup(of: Result<Void, ClusterError>.self) { group in
            for member in missing {
                group.addTask {
                    do throws(ClusterError) {
                        try await member.start(onSamePort: false)
                        return .success(())
                    } catch { return .failure(error) }
                }
            }
            var outcomes: [Result<Void, ClusterError>] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
        do {
            for outcome in outcomes { try outcome.get() }
            try record()
        } catch {
            await withTaskGroup { group in
                for member in missing { group.addTask { await member.stop(grace: .seconds(2)) } }
            }
            release()
            throw error
        }
    }

    /// The directory as an absolute path, made if missing.
    static func prepare(_ path: String) throws(ClusterError) -> String {
        let absolute = absolute(path)
        do {
            try FileManager.default.createDirectory(
                atPath: absolute, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .directory(path: absolute, reason: "it cannot be created")
        }
        return absolute
    }

    static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

    /// Which members run already, by name.
    private static func findRunning(
        _ earlier: ClusterState?, in directory: String, for configuration: ClusterConfiguration,
        lifetime: ClusterLifetime
    ) throws(ClusterError) -> [String: ProcessIdentity] {
        guard let earlier else { return [:] }
        var found: [String: ProcessIdentity] = [:]
        for member in earlier.members {
            let recorded = member.process.flatMap { $0.isAlive ? $0 : nil }
            found[member.name] = recorded ?? ClusterMember.unrecorded(in: "\(directory)/\(member.name)")
        }
        let had = (
            nodes: earlier.members.count { $0.role == .lockNode }, stores: earlier.members.count { $0.role == .store }
        )
        guard had.nodes == configuration.nodes, had.stores == configuration.stores else {
            throw .differs(path: directory, what: "\(had.nodes) nodes and \(had.stores) stores")
        }
        if found.isEmpty { return found }
        guard lifetime == .detached, earlier.lifetime == .detached else { throw .running(path: directory) }
        guard earlier.nodeFsync == configuration.nodeFsync, earlier.storeFsync == configuration.storeFsync else {
            throw .differs(
                path: directory,
                what: "appendfsync \(earlier.nodeFsync.rawValue) (nodes) and \(earlier.storeFsync.rawValue) (stores)")
        }
        return found
    }
}
