import HoldfastHistory
import HoldfastLocks
import HoldfastResources
import HoldfastRuntime

/// Reads a counter, adds one and writes it back, again and again, as its lock's holder or as an elected leader.
struct RegisterWork: Sendable {
    private let seat: WorkerSeat

    init(_ seat: WorkerSeat) { self.seat = seat }

    static func counter(_ number: Int) -> String { "counter-\(number)" }

    /// How long keys of writes are remembered: longer than any retry of a run.
    static let retention: Duration = .seconds(600)

    /// Until the task is cancelled.
    func run() async throws {
        let locks = try seat.lockCluster()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<seat.settings.concurrency {
                group.addTask { try await self.work(locks, lane: lane) }
            }
            try await group.waitForAll()
        }
    }

    private func work(_ locks: LockCluster, lane: Int) async throws {
        while !Task.isCancelled {
            let name = Self.counter(Int(seat.runtime.randomBits() % UInt64(seat.settings.keys)) + 1)
            do {
                switch seat.settings.workload {
                case .election: try await lead(name, locks, lane)
                default: try await hold(name, locks)
                }
                try await seat.runtime.sleep(for: .milliseconds(seat.settings.pause))
            } catch is LockError {
                // Refused or lost: it is in the history, and tried again.
                await rest()
            } catch is ResourceError {
                await rest()
            } catch is CancellationError { return }
        }
    }

    /// Before the next try: who is refused asks no more often than who is granted.
    private func rest() async {
        try? await seat.runtime.sleep(
            for: .milliseconds(seat.settings.pause) + seat.runtime.jitter(upTo: .milliseconds(50)))
    }

    private func lockName(_ counter: String) throws -> LockName { try LockName(seat.settings.lockPrefix + counter) }

    private func hold(_ name: String, _ locks: LockCluster) async throws {
        let lock = try lockName(name)
        try await seek(lock, atMost: seat.lockTTL) { seek in
            try await locks.withLock(lock, ttl: seat.lockTTL, wait: .upTo(seat.lockTTL)) { lease in
                seek.end(.ok)
                try await increment(seat.settings.registerPrefix + name, under: lease.token)
            }
        }
    }

    /// A term of a few increments.
    private func lead(_ name: String, _ locks: LockCluster, _ lane: Int) async throws {
        let election = Election(try lockName(name), on: locks, ttl: seat.lockTTL)
        try await seek(try lockName(name), atMost: seat.lockTTL * 2) { seek in
            try await election.lead(as: "\(seat.name)/\(lane)", wait: .upTo(seat.lockTTL * 2)) { leadership in
                seek.end(.ok)
                for _ in 0..<5 {
                    try await increment(seat.settings.registerPrefix + name, under: leadership.term)
                    try await seat.runtime.sleep(for: seat.runtime.jitter(upTo: .milliseconds(40)))
                }
            }
        }
    }

    /// Writes down that a lock is waited for, and how that ends.
    private func seek(
        _ lock: LockName, atMost limit: Duration, _ body: (LockSeek) async throws -> Void
    ) async throws {
        let seek = LockSeek(seat.history, lock.text, atMost: limit)
        do { try await body(seek) } catch {
            seek.end(.fail, error: "\(error)")
            throw error
        }
        seek.end(.ok)
    }

    // MARK: - One increment

    private func register(_ name: String) throws -> any FencedResource {
        if seat.settings.mutant == .fenceOff { return UnfencedRegister(name, on: seat.store) }
        return try RedisResource(name, on: seat.store, retention: Self.retention)
    }

    private func increment(_ name: String, under token: FencingToken) async throws {
        let register = try register(name)
        let increment = seat.history.begin(
            HistoryFunction.increment, [.text(name), .null], token: token.rawValue)
        let found: [UInt8]?
        do { found = try await raise(register, name, token) } catch {
            // Nothing was written.
            seat.history.end(increment, .fail, error: "\(error)")
            throw error
        }
        await seat.runtime.reach(Points.raised)
        let next = (RegisterValue.number(found) ?? 0) + 1
        do { try await write(next, register, name, token) } catch {
            let isStale = if case ResourceError.stale = error { true } else { false }
            seat.history.end(increment, isStale ? .fail : .info, error: "\(error)")
            throw error
        }
        seat.history.end(increment, .ok, [.text(name), .number(next)])
        await seat.runtime.reach(Points.written)
    }

    private func raise(
        _ register: any FencedResource, _ name: String, _ token: FencingToken
    ) async throws -> [UInt8]? {
        let operation = seat.history.begin(HistoryFunction.raise, [.text(name), .null], token: token.rawValue)
        do {
            let found = try await register.raise(to: token)
            seat.history.end(operation, .ok, [.text(name), .optional(RegisterValue.number(found))])
            return found
        } catch {
            end(operation, error)
            throw error
        }
    }

    private func write(
        _ value: Int64, _ register: any FencedResource, _ name: String, _ token: FencingToken
    ) async throws {
        let operation = seat.history.begin(
            HistoryFunction.write, [.text(name), .number(value)], token: token.rawValue)
        do {
            let key = try IdempotencyKey(seat.runtime.randomHex(bytes: 16))
            // A write that was decided is not abandoned; whether it comes too late is for the fence to say.
            try await seat.runtime.shielded {
                _ = try await register.apply(RegisterValue.bytes(value), token: token, key: key)
            }
            seat.history.end(operation, .ok)
        } catch {
            end(operation, error)
            throw error
        }
    }

    private func end(_ operation: HistoryWriter.Operation, _ error: any Error) {
        if case ResourceError.stale(_, _, let fence) = error {
            seat.history.end(operation, .fail, error: "stale: the fence is at \(fence)")
        } else {
            seat.history.end(operation, .info, error: "\(error)")
        }
    }
}

/// Numbers as registers keep them.
enum RegisterValue {
    static func bytes(_ number: Int64) -> [UInt8] { Array(String(number).utf8) }

    static func number(_ bytes: [UInt8]?) -> Int64? { bytes.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } }
}
