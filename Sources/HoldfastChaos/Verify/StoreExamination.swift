public import HoldfastRedis

/// What speaks against a server as the store of the values that a verification counts.
///
/// Whose data it keeps does not: a verification uses names of its own there, which it deletes, and nothing else.
public struct StoreExamination: Sendable, Hashable {
    /// Why it does not answer; nil when it does.
    public var silence: String?
    public var version = ""
    /// Each a sentence.
    public var doubts: [String] = []

    /// Asks the server who it is and what it may forget; changes nothing.
    public static func of(_ server: RedisConfiguration, transport: any ByteTransport) async -> StoreExamination {
        let client = RedisClient(server, transport: transport)
        var examination = StoreExamination()
        do throws(RedisError) {
            let info = try await client.ready(within: .seconds(5))
            examination.version = info.version
            for section: RedisArgument in ["replication", "memory"] {
                let text = try await client.send(RedisCommand("INFO", section).idempotent).text ?? ""
                examination.doubts += doubts(ServerInfo.fields(of: text))
            }
            if info.mode != "standalone" {
                examination.doubts.append("it runs as \(info.mode): its keys may lie on several servers")
            }
            if let major = info.version.split(separator: ".").first.flatMap({ Int($0) }), major < 5 {
                examination.doubts.append("it is version \(info.version), and fenced values need 5.0")
            }
        } catch { examination.silence = error.message }
        await client.close()
        return examination
    }

    /// - Parameter info: Of a section of INFO.
    static func doubts(_ info: [String: String]) -> [String] {
        var doubts: [String] = []
        if info["role"] == "slave" { doubts.append("it is a replica, which takes no writes") }
        if let policy = info["maxmemory_policy"], policy != "noeviction", (info["maxmemory"] ?? "0") != "0" {
            doubts.append(
                "it evicts keys when its memory is full (\(policy)): a value that it drops looks like a lost one")
        }
        return doubts
    }
}
