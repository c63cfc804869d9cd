import Glibc
import NIOCore
import NIOPosix

/// Says in plain words why a socket could not be opened, or broke.
enum ConnectFailure {
    static func sentence(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let cause = error.connectionErrors.first?.error { return sentence(for: cause) }
            if error.dnsAError != nil || error.dnsAAAAError != nil { return "the host name does not resolve" }
            return "cannot connect"
        case let error as IOError: return sentence(forCode: error.errnoCode)
        case ChannelError.connectTimeout: return "no answer to the connection attempt in time"
        case SocketAddressError.unixDomainSocketPathTooLong: return "the path of the socket is too long"
        default: return String(describing: error)
        }
    }

    private static func sentence(forCode code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused: nobody listens there"
        case ECONNRESET, EPIPE: "the server reset the connection"
        case ENOENT: "there is no such socket file"
        case EACCES, EPERM: "permission denied"
        case ETIMEDOUT: "no answer from the host in time"
        case EHOSTUNREACH, ENETUNREACH: "there is no route to the host"
        case EMFILE, ENFILE: "no file descriptor is left in this process"
        default: String(cString: strerror(code)).lowercased()
        }
    }
}
