import Foundation
public import HoldfastLocks
public import HoldfastRedis
public import HoldfastResources
import HoldfastRuntime

/// Fences and answers in a Redis database, shared by any number of servers. What Redis forgets they forget: give it
/// `appendfsync always` where a crash of the machine must not let a stale request pass.
public struct RedisRequestStore: RequestStore {
    private let client: RedisClient
    private let prefix: String

    public init(on client: RedisClient, prefix: String = "holdfast:") {
        self.client = client
        self.prefix = prefix
    }

    public func begin(
        _ claim: RequestClaim, lease: Duration, retention: Duration, abandoned: AbandonedRequests
    ) async throws(ResourceError) -> RequestAdmission {
        let reply = try await step(
            RequestScripts.begin, [record(claim), leaseKey(claim.resource), fenceKey(claim.resource)],
            [
                RedisArgument(claim.resource), RedisArgument(claim.fingerprint), RedisArgument(claim.owner),
                RedisArgument(claim.token.rawValue), RedisArgument(max(1, lease.milliseconds)),
                RedisArgument(max(1, retention.milliseconds)), RedisArgument(abandoned.rawValue),
            ])
        return try admission(reply)
    }

    public func renew(_ claim: RequestClaim, lease: Duration) async throws(ResourceError) -> Bool {
        let reply = try await step(
            RequestScripts.renew, [leaseKey(claim.resource)],
            [RedisArgument(claim.owner), RedisArgument(max(1, lease.milliseconds))])
        return reply.integer == 1
    }

    public func complete(
        _ claim: RequestClaim, with answer: StoredResponse, retention: Duration
    ) async throws(ResourceError) -> Bool {
        let head = Head(status: answer.status, fields: answer.fields)
        // Texts and whole numbers can always be encoded.
        let encoded = (try? JSONEncoder().encode(head)) ?? Data()
        let reply = try await step(
            RequestScripts.complete, [record(claim), leaseKey(claim.resource)],
            [
                RedisArgument(claim.owner), RedisArgument(Array(encoded)), RedisArgument(answer.body),
                RedisArgument(max(1, retention.milliseconds)),
            ])
        return reply.integer == 1
    }

    public func abandon(_ claim: RequestClaim) async throws(ResourceError) {
        _ = try await step(RequestScripts.abandon, [leaseKey(claim.resource)], [RedisArgument(claim.owner)])
    }

    public func raise(_ resource: String, to token: FencingToken) async throws(ResourceError) -> RequestAdmission {
        try admission(
            try await step(
                RequestScripts.raise, [leaseKey(resource), fenceKey(resource)], [RedisArgument(token.rawValue)]))
    }

    // MARK: -

    private struct Head: Codable {
        var status: Int
        var fields: [StoredResponse.Field]
    }

    private func leaseKey(_ resource: String) -> RedisArgument { "\(prefix)request-lease:\(resource)" }
    private func fenceKey(_ resource: String) -> RedisArgument { "\(prefix)request-fence:\(resource)" }

    /// With the scope's length, so that scope and key cannot run into each other.
    private func record(_ claim: RequestClaim) -> RedisArgument {
        "\(prefix)request:\(claim.scope.utf8.count):\(claim.scope):\(claim.key.text)"
    }

    private func admission(_ reply: RedisReply) throws(ResourceError) -> RequestAdmission {
        guard let fields = reply.array, let code = fields.first?.integer else { throw unexpected(reply) }
        let number = fields.count > 1 ? fields[1].integer : nil
        switch (code, number) {
        case (1, .some(let attempt)): return .run(attempt: Int(attempt))
        case (3, .some(let left)): return .inFlight(remaining: .milliseconds(left))
        case (4, .some(let left)): return .occupied(remaining: .milliseconds(left))
        case (0, .some(let fence)): return .stale(fence: FencingToken(rawValue: fence))
        case (5, _): return .keyReused
        case (6, _): return .abandoned
        case (2, _):
            guard fields.count == 3, let head = fields[1].bytes, let body = fields[2].bytes,
                let decoded = try? JSONDecoder().decode(Head.self, from: Data(head))
            else { throw unexpected(reply) }
            return .replay(StoredResponse(status: decoded.status, fields: decoded.fields, body: body))
        default: throw unexpected(reply)
        }
    }

    private func unexpected(_ reply: RedisReply) -> ResourceError {
        .unavailable(StoreError(.failed, .unknown, "not the script's reply: \(reply)", at: client.server))
    }

    private func step(
        _ script: RedisScript, _ keys: [RedisArgument], _ arguments: [RedisArgument]
    ) async throws(ResourceError) -> RedisReply {
        do throws(RedisError) {
            return try await client.run(script, keys: keys, arguments: arguments, idempotent: true)
        } catch {
            throw .unavailable(StoreError(error))
        }
    }
}
