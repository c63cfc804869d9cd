import HoldfastRedis
import HoldfastRuntime

/// What a server has done since it was started, as `INFO` tells it. All of its clients count.
struct ServerMeters: Sendable {
    /// Commands, those inside of scripts included.
    var commands: Int
    var cpu: Duration

    init(_ client: RedisClient) async throws {
        let stats = try await client.send(RedisCommand("INFO", "commandstats")).text ?? ""
        commands = stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            // cmdstat_hset:calls=12,usec=…
            guard line.hasPrefix("cmdstat_"), let calls = line.split(separator: "=").dropFirst().first else {
                return sum
            }
            return sum + (calls.split(separator: ",").first.flatMap { Int($0) } ?? 0)
        }
        let usage = try await client.send(RedisCommand("INFO", "cpu")).text ?? ""
        cpu = .zero
        for line in usage.split(whereSeparator: \.isNewline) {
            let halves = line.split(separator: ":")
            guard halves.count == 2, ["used_cpu_sys", "used_cpu_user"].contains(halves[0]) else { continue }
            cpu += .seconds(Double(halves[1]) ?? 0)
        }
    }

    init(commands: Int, cpu: Duration) {
        self.commands = commands
        self.cpu = cpu
    }

    static func - (later: ServerMeters, earlier: ServerMeters) -> ServerMeters {
        ServerMeters(commands: later.commands - earlier.commands, cpu: later.cpu - earlier.cpu)
    }
}
