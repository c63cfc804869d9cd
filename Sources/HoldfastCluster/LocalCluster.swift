import HoldfastRuntime
import Synchronization

/// Redis servers on this machine: lock nodes and stores, each a process of its own on a port of its own.
public final class LocalCluster: Sendable {
    /// An absolute path.
    public let directory: String
    public let lifetime: ClusterLifetime
    /// The lock nodes first.
    public let members: [ClusterMember]
    /// Members that this start found running and left alone.
    public let adopted: [String]

    let configuration: ClusterConfiguration
    let runtime: any Runtime
    private let lock: Mutex<DirectoryLock?>
    /// Writers of the state file take turns.
    private let recording = Mutex(())

    init(
        directory: String, lifetime: ClusterLifetime, members: [ClusterMember], adopted: [String],
        configuration: ClusterConfiguration, lock: DirectoryLock, runtime: any Runtime
    ) {
        self.directory = directory
        self.lifetime = lifetime
        self.members = members
        self.adopted = adopted
        self.configuration = configuration
        self.lock = Mutex(lock)
        self.runtime = runtime
    }

    public var nodes: [ClusterMember] { members.filter { $0.role == .lockNode } }
    public var stores: [ClusterMember] { members.filter { $0.role == .store } }

    /// The endpoints of the lock nodes, in order.
    public var nodeURLs: [String] { nodes.map(\.url) }
    /// The endpoints of the stores, in order.
    public var storeURLs: [String] { stores.map(\.url) }

    public func member(_ name: String) -> ClusterMember? { members.first { $0.name == name } }

    public var status: ClusterStatus {
        ClusterStatus(directory: directory, lifetime: lifetime, members: members.map(\.status))
    }

    /// Stops all servers, their data on the disk, and gives the directory free. May be called again.
    public func stop(grace: Duration = .seconds(10)) async {
        await withTaskGroup { group in
            for member in members { group.addTask { await member.stop(grace: grace) } }
        }
        release()
    }

    /// Gives the directory free for other starters; the servers stay.
    func release() { lock.withLock { $0 = nil } }

    /// Records the members as they are now.
    func record() throws(ClusterError) {
        let state = ClusterState(
            lifetime: lifetime, nodeFsync: configuration.nodeFsync, storeFsync: configuration.storeFsync,
            members: members.map { member in
                member.state.withLock { state in
                    ClusterState.Member(
                        name: member.name, role: member.role, port: state.port, process: state.process?.identity)
                }
            })
        try recording.withLock { _ throws(ClusterError) in try state.save(to: directory) }
    }
}
