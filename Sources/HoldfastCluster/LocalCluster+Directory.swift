import Foundation
import HoldfastProcess
public import HoldfastRuntime

extension LocalCluster {
    /// What is known of the cluster in a directory, without touching it.
    ///
    /// - Throws: `ClusterError.noCluster`, or why its state cannot be read.
    public static func status(of directory: String) throws(ClusterError) -> ClusterStatus {
        let directory = absolute(directory)
        guard let state = try ClusterState.load(from: directory) else { throw .noCluster(path: directory) }
        let members = state.members.map { member in
            let alive = member.process.flatMap { $0.isAlive ? $0 : nil }
            return MemberStatus(
                name: member.name, role: member.role, url: "redis://127.0.0.1:\(member.port)", port: member.port,
                pid: alive?.pid, state: alive.map { $0.isStopped ? .paused : .running } ?? .down)
        }
        return ClusterStatus(directory: directory, lifetime: state.lifetime, members: members)
    }

    /// Stops the servers that a `detached` start left running; their data stays.
    ///
    /// - Returns: the names of those that ran.
    /// - Throws: `ClusterError.noCluster`, `.inUse` while another process starts or stops it or has it embedded.
    public static func stop(
        _ directory: String, grace: Duration = .seconds(10), runtime: any Runtime = LiveRuntime()
    ) async throws(ClusterError) -> [String] {
        let directory = absolute(directory)
        guard try ClusterState.load(from: directory) != nil else { throw .noCluster(path: directory) }
        let lock = try DirectoryLock(directory: directory)
        // Read again: a starter may have finished while we waited for nothing.
        guard var state = try ClusterState.load(from: directory) else { throw .noCluster(path: directory) }
        var running: [(name: String, process: ProcessIdentity)] = []
        for member in state.members {
            let recorded = member.process.flatMap { $0.isAlive ? $0 : nil }
            if let process = recorded ?? ClusterMember.unrecorded(in: "\(directory)/\(member.name)") {
                running.append((member.name, process))
            }
        }
        await withTaskGroup { group in
            for (_, process) in running {
                group.addTask { await process.terminate(grace: grace, runtime: runtime) }
            }
        }
        for index in state.members.indices { state.members[index].process = nil }
        try state.save(to: directory)
        withExtendedLifetime(lock) {}
        return running.map(\.name)
    }
}
