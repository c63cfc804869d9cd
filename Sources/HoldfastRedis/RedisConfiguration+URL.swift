import Foundation

extension RedisConfiguration {
    /// Parses `redis://[user[:password]@]host[:port][/database]`, `rediss://…` (TLS) or
    /// `unix://[user[:password]@]/path/to/socket[?db=N]`. Credentials and path are percent-decoded.
    /// The query items `db` and `client_name` are known to all three.
    ///
    /// - Throws: ``RedisError`` with `invalidConfiguration`; the message names the part and never holds the password.
    public init(url: String) throws(RedisError) {
        func refuse(_ problem: String) -> RedisError {
            RedisError(
                .invalidConfiguration, .notSent,
                "\(Self.redacted(url)) is no Redis URL: \(problem); "
                    + "use redis://host:port/database, rediss://… for TLS, or unix:///path")
        }
        guard let parts = URLComponents(string: url) else {
            throw refuse("it cannot be parsed (\(Self.encodingAdvice))")
        }
        // A password with an unencoded / ? # ends the authority early: what follows is secret, and not quoted below.
        let tail = parts.percentEncodedPath + (parts.percentEncodedQuery ?? "") + (parts.percentEncodedFragment ?? "")
        guard !tail.contains("@") else { throw refuse("there is an @ behind the host (\(Self.encodingAdvice))") }
        guard !url.contains("%00"), !url.utf8.contains(0) else { throw refuse("it holds a zero byte") }
        switch parts.scheme?.lowercased() {
        case "redis", "rediss":
            guard let host = parts.host, !host.isEmpty else { throw refuse("the host is missing") }
            let port = parts.port ?? 6379
            guard (1...65535).contains(port) else { throw refuse("the port \(port) is not in 1...65535") }
            let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            self.init(address: .tcp(host: bare, port: port))
            secure = parts.scheme?.lowercased() == "rediss"
            let path = parts.path.split(separator: "/", omittingEmptySubsequences: true)
            guard path.count <= 1 else { throw refuse("the path may hold only a database number") }
            if let text = path.first {
                guard let number = Int(text), number >= 0 else { throw refuse("the database \(text) is no number") }
                database = number
            }
        case "unix":
            guard parts.host ?? "" == "", parts.path.hasPrefix("/"), parts.path.count > 1 else {
                throw refuse("a socket needs an absolute path, as in unix:///run/redis.sock")
            }
            guard parts.path.utf8.count < 108 else { throw refuse("a socket's path has at most 107 bytes") }
            self.init(address: .unix(path: parts.path))
        case .some(let scheme): throw refuse("the scheme \(scheme) is unknown")
        case nil: throw refuse("the scheme is missing")
        }
        username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
        if username != nil && password == nil { throw refuse("a user needs a password, as in user:password@") }
        guard parts.fragment == nil else { throw refuse("a # in a password must be written %23") }
        for item in parts.queryItems ?? [] {
            switch item.name {
            case "db":
                guard let number = item.value.flatMap({ Int($0) }), number >= 0 else {
                    throw refuse("db=\(item.value ?? "") is no database number")
                }
                database = number
            case "client_name": clientName = item.value
            default: throw refuse("the option \(item.name) is unknown")
            }
        }
        if let name = clientName, !name.utf8.allSatisfy({ (33...126).contains($0) }) {
            throw refuse("client_name takes printable ASCII without spaces")
        }
    }

    private static let encodingAdvice = "percent-encode @ : / ? # % in user and password"

    /// The URL for messages: nothing before its last `@`, nothing behind a `?`, and without an `@` only what surely is
    /// an address.
    static func redacted(_ url: String) -> String {
        let scheme = url.range(of: "://").map { url[..<$0.upperBound] } ?? ""
        let safe: Substring
        if let at = url.lastIndex(of: "@") {
            safe = "…" + url[at...]
        } else if let parts = URLComponents(string: url), parts.host != nil || parts.scheme == nil {
            safe = url.dropFirst(scheme.count)
        } else {
            safe = "…"
        }
        return "\"\(scheme)\(safe.prefix { $0 != "?" }.prefix(200))\""
    }
}
