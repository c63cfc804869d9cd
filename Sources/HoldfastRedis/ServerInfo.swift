/// What a server says of itself when a connection is made.
public struct ServerInfo: Sendable, Hashable {
    /// The incarnation: 40 hexadecimal digits, fresh at every start of the server process. A node whose
    /// incarnation changed may have forgotten what it promised.
    public var runID: String
    /// Redis' (or a compatible server's) version, such as `7.0.15`.
    public var version: String
    /// Time since the process started, whole seconds.
    public var uptime: Duration
    /// `standalone`, `cluster` or `sentinel`.
    public var mode: String

    /// Reads the reply of `INFO server`; nil when it holds no run id.
    public init?(info text: String) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let runID = fields["run_id"], !runID.isEmpty, let version = fields["redis_version"] else { return nil }
        self.runID = String(runID)
        self.version = String(version)
        uptime = .seconds(fields["uptime_in_seconds"].flatMap { Int64($0) } ?? 0)
        mode = fields["redis_mode"].map(String.init) ?? "standalone"
    }
}
