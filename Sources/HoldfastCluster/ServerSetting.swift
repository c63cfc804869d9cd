/// One line of a server's configuration.
public struct ServerSetting: Sendable, Hashable, Codable {
    public var name: String
    /// As it stands in the file, in quotes only where the value is empty or has white space.
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// The settings of every lock node, wherever it runs: it keeps what it promised, and never evicts it.
    public static func lockNode(fsync: AppendFsync = .always) -> [ServerSetting] { durable(fsync) }

    /// The settings of every store: the same, with the disk a second behind.
    public static func store(fsync: AppendFsync = .everySecond) -> [ServerSetting] { durable(fsync) }

    private static func durable(_ fsync: AppendFsync) -> [ServerSetting] {
        [
            ServerSetting("appendonly", "yes"),
            ServerSetting("appendfsync", fsync.rawValue),
            // Otherwise a rewrite of the file in the background would suspend `always`.
            ServerSetting("no-appendfsync-on-rewrite", "no"),
            // No snapshots: a restart from one would be a roll-back.
            ServerSetting("save", ""),
            ServerSetting("maxmemory-policy", "noeviction"),
        ]
    }

    /// What a server on this machine has in addition: nobody else can reach it.
    public static let local: [ServerSetting] = [
        ServerSetting("bind", "127.0.0.1"),
        ServerSetting("protected-mode", "yes"),
        ServerSetting("daemonize", "no"),
    ]

    /// A line of redis.conf.
    var line: String { "\(name) \(quotedValue)" }

    private var quotedValue: String {
        let plain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'\\#".utf8.contains($0) }
        if plain, !value.isEmpty { return value }
        var quoted = "\""
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: quoted += String(UnicodeScalar(byte))
            default: quoted += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return quoted + "\""
    }
}
