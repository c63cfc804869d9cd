import Glibc

/// Why a local cluster could not do as asked. Each says in one sentence what happened and what to do.
public enum ClusterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is neither redis-server nor valkey-server.
    case serverNotFound(String)
    case invalidConfiguration(String)
    /// The directory or a file in it cannot be made, read or written.
    case directory(path: String, reason: String)
    /// Another process works on this directory now.
    case inUse(path: String, by: String)
    /// Servers that outlived their starter run here, and something else was asked for.
    case running(path: String)
    /// The cluster in this directory is another one.
    case differs(path: String, what: String)
    /// No cluster was ever started in this directory.
    case noCluster(path: String)
    /// The state file is damaged.
    case unreadableState(path: String, reason: String)
    /// A server ended while it started.
    case didNotStart(member: String, reason: String, log: String)
    /// No port could be had in so many tries.
    case noFreePort(tries: Int)
    /// The member is being started or stopped by somebody else.
    case busy(member: String)
    /// The caller's task was cancelled; nothing that it started is left running.
    case cancelled

    public var description: String {
        switch self {
        case .serverNotFound(let why):
            "\(why); install one with 'sudo apt-get install redis-server', or name one in HOLDFAST_REDIS_SERVER"
        case .invalidConfiguration(let rule):
            rule
        case .directory(let path, let reason):
            "the cluster directory '\(path)' cannot be used: \(reason); choose another with --dir"
        case .inUse(let path, let holder):
            "the cluster directory '\(path)' is in use by \(holder); stop it first or choose another with --dir"
        case .running(let path):
            "a cluster runs in '\(path)'; stop it with 'holdfast cluster down --dir \(path)' or choose another --dir"
        case .differs(let path, let what):
            "the cluster in '\(path)' has \(what); ask for the same, or choose another --dir"
        case .noCluster(let path):
            "there is no cluster in '\(path)'; start one with 'holdfast cluster up --dir \(path)'"
        case .unreadableState(let path, let reason):
            "the cluster's state file '\(path)' cannot be read (\(reason)); end its servers and remove the file"
        case .didNotStart(let member, let reason, let log):
            "\(member) did not start: \(reason)" + (log.isEmpty ? "" : "; the end of its log:\n\(log)")
        case .noFreePort(let tries):
            "no free port was found in \(tries) tries; end what occupies the ports below the ephemeral range"
        case .busy(let member):
            "\(member) is being started or stopped already; wait for that and try again"
        case .cancelled:
            "the start was cancelled"
        }
    }

    static func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
}
