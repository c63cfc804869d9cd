import Foundation
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
public import HoldfastRuntime

/// Our own locks behind the adapter protocol, with fenced registers: judged as any other library is.
public actor HoldfastAdapter {
    private struct Open {
        var locks: LockCluster
        var store: RedisClient
    }

    private let runtime: any Runtime
    private var open: Open?
    private var leases: [String: Lease] = [:]

    public init(runtime: any Runtime = LiveRuntime()) { self.runtime = runtime }

    /// The answer to one line, without its line feed.
    public func answer(_ line: String) async -> String {
        let reply: AdapterReply
        do {
            let request = try JSONDecoder().decode(AdapterRequest.self, from: Data(line.utf8))
            reply = await answer(request)
        } catch { reply = AdapterReply(id: 0, error: .init(.invalid, "this is no request: \(line.prefix(200))")) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers can always be encoded.
        return (try? encoder.encode(reply)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private func answer(_ request: AdapterRequest) async -> AdapterReply {
        do {
            return AdapterReply(id: request.id, ok: try await perform(request))
        } catch let failure as AdapterReply.Failure {
            return AdapterReply(id: request.id, error: failure)
        } catch let error as LockError {
            return AdapterReply(id: request.id, error: .init(Self.kind(error), "\(error)"))
        } catch let error as ResourceError {
            return AdapterReply(id: request.id, error: .init(Self.kind(error), "\(error)"))
        } catch {
            return AdapterReply(id: request.id, error: .init(.failed, "\(error)"))
        }
    }

    public func close() async {
        await open?.locks.close()
        await open?.store.close()
        open = nil
    }

    private static func kind(_ error: LockError) -> AdapterReply.Failure.Kind {
        switch error {
        case .held: .held
        case .unavailable: .unavailable
        case .lost: .lost
        case .invalid: .invalid
        case .cancelled: .failed
        }
    }

    private static func kind(_ error: ResourceError) -> AdapterReply.Failure.Kind {
        switch error {
        case .stale: .stale
        case .invalid, .keyReused, .refused: .invalid
        case .unavailable: .unavailable
        }
    }

    private func perform(_ request: AdapterRequest) async throws -> AdapterReply.Answer {
        if request.op == .open { return try await connect(request) }
        guard let open else { throw AdapterReply.Failure(.invalid, "the first request must be open") }
        switch request.op {
        case .open, .acquire: return try await acquire(request, open.locks)
        case .release: return try await release(request, open.locks)
        case .read: return try await read(request, try register(request, open))
        case .write: return try await write(request, try register(request, open))
        case .forget:
            _ = try await open.store.send(
                RedisCommand("DEL", RedisArgument("holdfast:resource:\(try needed(request.register, "register"))"))
                    .idempotent)
            return AdapterReply.Answer()
        }
    }

    private func needed<Value>(_ value: Value?, _ name: String) throws(AdapterReply.Failure) -> Value {
        guard let value else { throw AdapterReply.Failure(.invalid, "\(name) is missing") }
        return value
    }

    private func connect(_ request: AdapterRequest) async throws -> AdapterReply.Answer {
        guard open == nil else { throw AdapterReply.Failure(.invalid, "it is open already") }
        let store = RedisClient(
            try RedisConfiguration(url: try needed(request.store, "store")), runtime: runtime)
        do {
            // It may be born while a majority is away.
            let locks = try await LockCluster.connect(
                try LockClusterConfiguration(urls: try needed(request.nodes, "nodes")), patience: .seconds(20),
                runtime: runtime)
            open = Open(locks: locks, store: store)
        } catch {
            await store.close()
            throw error
        }
        var answer = AdapterReply.Answer()
        (answer.version, answer.library, answer.tokens) = (AdapterRequest.version, "holdfast", true)
        return answer
    }

    private func acquire(_ request: AdapterRequest, _ locks: LockCluster) async throws -> AdapterReply.Answer {
        let lease = try await locks.acquire(
            try LockName(try needed(request.lock, "lock")),
            ttl: .milliseconds(try needed(request.ttl, "ttl_ms")))
        leases[lease.owner] = lease
        var answer = AdapterReply.Answer()
        answer.lease = lease.owner
        answer.token = lease.token.rawValue
        answer.until = lease.validUntil.nanoseconds
        return answer
    }

    private func release(_ request: AdapterRequest, _ locks: LockCluster) async throws -> AdapterReply.Answer {
        guard let lease = leases.removeValue(forKey: try needed(request.lease, "lease")) else {
            throw AdapterReply.Failure(.invalid, "there is no such lease")
        }
        let wasValid = lease.isValid
        await locks.release(lease)
        if !wasValid { throw AdapterReply.Failure(.lost, "the lease with token \(lease.token) had ended") }
        return AdapterReply.Answer()
    }

    // MARK: - Registers

    private func register(_ request: AdapterRequest, _ open: Open) throws -> RedisResource {
        try RedisResource(
            try needed(request.register, "register"), on: open.store, retention: RegisterWork.retention)
    }

    private func read(_ request: AdapterRequest, _ register: RedisResource) async throws -> AdapterReply.Answer {
        var answer = AdapterReply.Answer()
        let bytes =
            if let token = request.token {
                try await register.raise(to: FencingToken(rawValue: token))
            } else { try await register.read(.maximum) }
        answer.value = RegisterValue.number(bytes)
        return answer
    }

    private func write(_ request: AdapterRequest, _ register: RedisResource) async throws -> AdapterReply.Answer {
        let token = FencingToken(rawValue: try needed(request.token, "token"))
        _ = try await register.apply(
            RegisterValue.bytes(try needed(request.value, "value")), token: token,
            key: try IdempotencyKey(runtime.randomHex(bytes: 16)))
        return AdapterReply.Answer()
    }
}
