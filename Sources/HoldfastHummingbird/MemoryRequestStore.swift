public import HoldfastLocks
public import HoldfastResources
public import HoldfastRuntime
import Synchronization

/// Fences and answers in this process's memory: for tests, and for a single server whose restart may forget them. A
/// restart forgets the fences too, so that a stale holder passes: use ``RedisRequestStore`` where that matters.
public final class MemoryRequestStore: RequestStore {
    private struct Record {
        var resource: String
        var fingerprint: String
        var owner: String
        var attempt: Int
        var answer: StoredResponse?
        var expires: Instant
    }
    private struct Name: Hashable {
        // Bytes: texts that only look alike are different keys.
        var scope: [UInt8]
        var key: [UInt8]

        init(_ claim: RequestClaim) {
            scope = Array(claim.scope.utf8)
            key = Array(claim.key.text.utf8)
        }
    }
    private struct State {
        var fences: [[UInt8]: FencingToken] = [:]
        var leases: [[UInt8]: (owner: String, ends: Instant)] = [:]
        var records: [Name: Record] = [:]
    }

    private let limit: Int
    private let runtime: any Runtime
    private let state = Mutex(State())

    /// - Parameter limit: Most requests, and most resources, remembered at once; one more is refused as `full`.
    public init(limit: Int = 10_000, runtime: any Runtime = LiveRuntime()) {
        precondition(limit > 0, "a store remembers one request at least")
        self.limit = limit
        self.runtime = runtime
    }

    public func begin(
        _ claim: RequestClaim, lease: Duration, retention: Duration, abandoned: AbandonedRequests
    ) async throws(ResourceError) -> RequestAdmission {
        let now = runtime.now
        return try state.withLock { state throws(ResourceError) in
            let name = Name(claim)
            let id = Array(claim.resource.utf8)
            if let record = state.records[name], record.expires <= now { state.records[name] = nil }
            let record = state.records[name]
            let holder = state.leases[id].flatMap { $0.ends > now ? $0 : nil }
            if let record {
                guard record.fingerprint == claim.fingerprint, record.resource == claim.resource else {
                    return .keyReused
                }
                if let answer = record.answer { return .replay(answer) }
                if let holder, holder.owner == claim.owner { return .run(attempt: record.attempt) }
                if let holder, holder.owner == record.owner {
                    return .inFlight(remaining: now.duration(to: holder.ends))
                }
                if abandoned == .refuse { return .abandoned }
            }
            if let fence = try raise(id, to: claim.token, &state) { return .stale(fence: fence) }
            if let holder { return .occupied(remaining: now.duration(to: holder.ends)) }
            if record == nil, state.records.count >= limit {
                state.records = state.records.filter { $0.value.expires > now }
                guard state.records.count < limit else { throw full }
            }
            let attempt = (record?.attempt ?? 0) + 1
            state.leases[id] = (claim.owner, now.advanced(by: lease))
            state.records[name] = Record(
                resource: claim.resource, fingerprint: claim.fingerprint, owner: claim.owner, attempt: attempt,
                expires: now.advanced(by: retention))
            return .run(attempt: attempt)
        }
    }

    public func renew(_ claim: RequestClaim, lease: Duration) async -> Bool {
        let now = runtime.now
        return state.withLock { state in
            let id = Array(claim.resource.utf8)
            guard let holder = state.leases[id], holder.owner == claim.owner, holder.ends > now else { return false }
            state.leases[id] = (claim.owner, now.advanced(by: lease))
            return true
        }
    }

    public func complete(_ claim: RequestClaim, with answer: StoredResponse, retention: Duration) async -> Bool {
        let now = runtime.now
        return state.withLock { state in
            free(claim, &state)
            guard state.records[Name(claim)]?.owner == claim.owner else { return false }
            state.records[Name(claim)]?.answer = answer
            state.records[Name(claim)]?.expires = now.advanced(by: retention)
            return true
        }
    }

    public func abandon(_ claim: RequestClaim) async { state.withLock { state in free(claim, &state) } }

    public func raise(_ resource: String, to token: FencingToken) async throws(ResourceError) -> RequestAdmission {
        let now = runtime.now
        return try state.withLock { state throws(ResourceError) in
            let id = Array(resource.utf8)
            if let fence = try raise(id, to: token, &state) { return .stale(fence: fence) }
            guard let holder = state.leases[id], holder.ends > now else { return .run(attempt: 1) }
            return .occupied(remaining: now.duration(to: holder.ends))
        }
    }

    // MARK: -

    /// - Returns: The fence if the token is below it.
    private func raise(
        _ id: [UInt8], to token: FencingToken, _ state: inout State
    ) throws(ResourceError) -> FencingToken? {
        if let fence = state.fences[id] {
            if token < fence { return fence }
        } else if state.fences.count >= limit {
            // A fence is never forgotten to make room: the next stale request would pass.
            throw full
        }
        state.fences[id] = token
        return nil
    }

    private func free(_ claim: RequestClaim, _ state: inout State) {
        let id = Array(claim.resource.utf8)
        if state.leases[id]?.owner == claim.owner { state.leases[id] = nil }
    }

    private var full: ResourceError {
        .unavailable(StoreError(.full, .notWritten, "\(limit) requests or resources are remembered, the most allowed"))
    }
}
