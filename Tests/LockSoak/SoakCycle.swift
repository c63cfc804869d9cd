import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime

/// The kinds of cycles. Each holds nothing when it is over.
struct SoakCycle: Sendable {
    enum Kind: String, CaseIterable {
        /// A name of the caller's own.
        case alone
        /// A name that others want too, one attempt.
        case contended
        /// The same, as long as it takes.
        case waiting
        /// The same, cancelled somewhere on the way.
        case cancelled
        /// With renewals and a body.
        case scoped
        /// Its keys are gone when it is released.
        case lost
        /// Its keys become another's while its body runs.
        case stolen

        /// Of a thousand.
        var share: UInt64 {
            switch self {
            case .alone: 500
            case .contended: 200
            case .waiting: 100
            case .cancelled: 100
            case .scoped: 89
            case .lost: 10
            case .stolen: 1
            }
        }

        static func draw(_ number: UInt64) -> Kind {
            var left = number % 1000
            for kind in allCases {
                if left < kind.share { return kind }
                left -= kind.share
            }
            return .alone
        }
    }

    static let sharedNames = 8

    let locks: LockCluster
    let nodes: [RedisClient]
    let own: LockName
    let shared: [LockName]

    /// - Returns: How it ended, in a word.
    func run(_ kind: Kind, _ chance: UInt64) async throws -> String {
        let wanted = shared[Int(chance % UInt64(shared.count))]
        let ttl = Duration.seconds(1)
        do {
            switch kind {
            case .alone: await locks.release(try await locks.acquire(own, ttl: ttl))
            case .contended:
                let lease = try await locks.acquire(wanted, ttl: ttl)
                for _ in 0..<chance % 8 { await Task.yield() }
                await locks.release(lease)
            case .waiting: await locks.release(try await locks.acquire(wanted, ttl: ttl, wait: .forever))
            case .cancelled: try await cancelled(wanted, ttl, after: chance >> 8 % 64)
            case .scoped:
                try await locks.withLock(own, ttl: ttl) { _ in for _ in 0..<chance % 8 { await Task.yield() } }
            case .lost:
                let lease = try await locks.acquire(own, ttl: ttl)
                try await onAllNodes(RedisCommand("DEL", "holdfast:lock:\(own.text)"))
                await locks.release(lease)
            case .stolen: try await stolen()
            }
            return "done"
        } catch let error as LockError {
            switch error {
            case .held: return "held"
            case .unavailable: return "unavailable"
            case .lost: return "lost"
            case .cancelled: return "cancelled"
            case .invalid: throw error
            }
        } catch is RedisError {
            // The nodes' own connections are reset now and then.
            return "disturbed"
        }
    }

    private func cancelled(_ name: LockName, _ ttl: Duration, after yields: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await locks.release(try await locks.acquire(name, ttl: ttl, wait: .forever)) }
            for _ in 0..<yields { await Task.yield() }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func stolen() async throws {
        let key = RedisArgument("holdfast:lock:\(own.text)")
        do {
            try await locks.withLock(own, ttl: .milliseconds(100)) { _ in
                try await onAllNodes(RedisCommand("SET", key, "a thief", "PX", "1000"))
                // Until it is cancelled.
                try await locks.runtime.sleep(for: .seconds(60))
            }
        } catch {
            try await onAllNodes(RedisCommand("DEL", key))
            throw error
        }
    }

    private func onAllNodes(_ command: RedisCommand) async throws {
        for node in nodes { try await node.send(command) }
    }
}
