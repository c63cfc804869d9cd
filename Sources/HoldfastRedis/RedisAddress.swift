/// Where a server listens.
public enum RedisAddress: Sendable, Hashable {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// The name that a TLS certificate must show; nil for a socket file.
    public var serverName: String? {
        if case .tcp(let host, _) = self { host } else { nil }
    }
}

extension RedisAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
