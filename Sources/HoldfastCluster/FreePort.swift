import Glibc
import HoldfastRuntime

/// Finds ports that nobody uses now.
enum FreePort {
    /// The ports to choose from: above what services use and below those that the kernel gives to outgoing
    /// connections. A server that is killed and restarted would else find its port taken by a client, at worst by one
    /// that tried to reach that very server and was connected to itself.
    static let range = 10_000..<32_768

    /// - Throws: `ClusterError.noFreePort` after 200 tries.
    static func choose(avoiding taken: Set<Int>, runtime: any Runtime) throws(ClusterError) -> Int {
        let tries = 200
        for _ in 0..<tries {
            let port = range.lowerBound + Int(runtime.randomBits() % UInt64(range.count))
            if !taken.contains(port), isFree(port) { return port }
        }
        throw .noFreePort(tries: tries)
    }

    /// Whether a server could listen on the loopback address now. It may be taken a moment later.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // As servers do: connections of an earlier server that linger are no obstacle.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                // Without listening: a copy of this socket in a child that is being started must not occupy the port.
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
