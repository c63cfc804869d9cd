import Glibc
import Synchronization

/// Keeps a port of this machine from others while nobody listens there: a socket that is bound and does not listen, so
/// that whoever connects is refused.
///
/// By `SO_REUSEPORT` a socket of the same user that asks for it, too, can be bound and listen beside this one; Linux
/// gives connections to those that listen only. Whoever does not ask for it is told that the port is in use, and ports
/// that are bound are not drawn for those who want any.
final class PortReserve: Sendable {
    let port: Int
    private let socket: Mutex<Int32?>

    /// Any free port of 127.0.0.1.
    /// - Throws: ``ChaosError`` when the kernel gives none.
    init() throws(ChaosError) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var yes: Int32 = 1
        let isBound =
            descriptor >= 0
            && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0
            && withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
        guard isBound else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw ChaosError("no port of this machine can be reserved: \(reason)")
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        socket = Mutex(descriptor)
    }

    /// From here on the port is anybody's who asks for it.
    func release() {
        if let descriptor = socket.withLock({ $0.take() }) { close(descriptor) }
    }

    deinit { release() }
}
