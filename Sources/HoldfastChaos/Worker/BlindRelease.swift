import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime

/// The mutant `release-without-compare`: a client that deletes a lock that it has lost, whoever holds it by then, as
/// naive lock libraries do.
final class BlindRelease: Sendable {
    private let clients: [RedisClient]

    init(_ nodes: [String], runtime: any Runtime) throws {
        clients = try nodes.map { RedisClient(try RedisConfiguration(url: $0), runtime: runtime) }
    }

    func observe(_ event: LockEvent) {
        guard case .lost(let lease, _) = event else { return }
        for client in clients {
            for name in lease.names {
                let command = RedisCommand.encodePrefix("DEL", ["holdfast:lock:\(name.text)"], missing: 0)
                client.submit(command, to: Ignored.shared, tag: 0)
            }
        }
    }
}

/// For answers that nobody waits for.
private final class Ignored: ReplySink {
    static let shared = Ignored()

    func receive(_ outcome: ReplyOutcome, tag: Int) {}
}
