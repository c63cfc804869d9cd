import HoldfastProcess

/// The server program that a local cluster runs.
enum ServerBinary {
    /// HOLDFAST_REDIS_SERVER if set, else redis-server, else valkey-server, in PATH.
    static func find(
        named name: String? = Environment.variable("HOLDFAST_REDIS_SERVER"), path: String? = nil
    ) throws(ClusterError) -> String {
        if let name, !name.isEmpty {
            do { return try Executable.find(name, path: path) } catch {
                throw .serverNotFound("HOLDFAST_REDIS_SERVER is '\(name)', but \(error)")
            }
        }
        for name in ["redis-server", "valkey-server"] {
            if let found = try? Executable.find(name, path: path) { return found }
        }
        throw .serverNotFound("there is neither redis-server nor valkey-server in PATH")
    }
}
