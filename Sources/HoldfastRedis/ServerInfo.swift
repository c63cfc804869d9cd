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
        let fields = Self.fields(of: text)
        guard let runID = fields["run_id"], !runID.isEmpty, let version = fields["redis_version"], !version.isEmpty
        else { return nil }
        self.runID = runID
        self.version = version
        uptime = .seconds(fields["uptime_in_seconds"].flatMap { Int64($0) } ?? 0)
        mode = fields["redis_mode"] ?? "standalone"
    }

    /// The fields of a reply of `INFO`, of whatever section, by their names.
    public static func fields(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }
}
