import HTTPTypes
import HoldfastDigest
import HoldfastLocks
import HoldfastResources
public import HoldfastRuntime
public import Hummingbird
import NIOCore

/// Enforces `Fencing-Token` and `Idempotency-Key` on the routes behind it.
///
/// What it promises, while its store answers and forgets nothing:
/// - A request whose token is below one seen before at the same resource is refused with 412; its handler never starts.
/// - One handler at a time works on a resource, on all servers that share the store, as long as its lease lasts; the
///   lease is renewed while the handler runs. So a later holder's request waits until an earlier one has ended.
/// - A repeated request gets the first answer, marked `Idempotent-Replayed: true`, and its handler does not run.
///
/// What it cannot promise, since the handler's effect is not part of the store's atomic step: a handler that is paused
/// for longer than its lease, or whose server crashes, may have its effect late or without a trace. Only the place
/// where the effect happens can refuse that: give it ``FencedRequest/token`` and ``FencedRequest/key``.
///
/// GET, HEAD, OPTIONS and TRACE need neither field. With a token they raise the fence first, and wait until whatever is
/// at work on the resource has ended: what they read is the new holder's to change.
public struct FencingMiddleware<Context: RequestContext>: RouterMiddleware {
    public typealias Naming = @Sendable (Request, Context) async throws -> String

    let store: any RequestStore
    let abandoned: AbandonedRequests
    let limits: FencingLimits
    let runtime: any Runtime
    let resource: Naming
    let scope: Naming

    /// - Parameters:
    ///   - store: Shared by all servers of the resources.
    ///   - abandoned: What to do after a crash in the middle of a handler. There is no right answer for all: with
    ///     `.runAgain` the effect may happen twice unless the handler prevents it, with `.refuse` a request may stay
    ///     without answer until somebody looks.
    ///   - resource: The name of the resource that a request is about, 1 to 512 bytes; by default its path. A longer
    ///     one is answered with 400.
    ///   - scope: Whose key it is, such as the user's name: first answers are given to no other scope. By default all
    ///     clients share one, which is right only where all may see all answers.
    public init(
        store: any RequestStore, abandoned: AbandonedRequests, limits: FencingLimits = FencingLimits(),
        runtime: any Runtime = LiveRuntime(), scope: @escaping Naming = { _, _ in "" },
        resource: @escaping Naming = { request, _ in request.uri.path }
    ) {
        self.store = store
        self.abandoned = abandoned
        self.limits = limits
        self.runtime = runtime
        self.resource = resource
        self.scope = scope
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            if [.get, .head, .options, .trace].contains(request.method) {
                return try await look(request, context, next)
            }
            return try await change(request, context, next)
        } catch let problem as Problem {
            return problem.response()
        } catch let error as ResourceError {
            return Problem(error).response()
        }
    }

    // MARK: -

    private func look(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let token = try RequestFields.token(request.headers) else { return try await next(request, context) }
        let resource = try await name(of: request, context)
        let admission = try await patiently { () throws(ResourceError) in try await store.raise(resource, to: token) }
        guard case .run = admission else { return refusal(admission, resource, token) }
        let current = FencedRequest(resource: resource, token: token, key: nil, attempt: 1, lease: LeaseState())
        return try await FencedRequest.$current.withValue(current) { try await next(request, context) }
    }

    private func change(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let token = try RequestFields.requiredToken(request.headers)
        let key = try RequestFields.requiredKey(request.headers)
        var request = request
        let body = try await collected(request, upTo: limits.requestBytes)
        request.body = RequestBody(buffer: body)
        let claim = RequestClaim(
            resource: try await name(of: request, context), token: token, scope: try await scope(request, context),
            key: key, fingerprint: Self.fingerprint(request, body), owner: runtime.randomHex(bytes: 16))
        let admission = try await patiently { () throws(ResourceError) in
            try await store.begin(claim, lease: limits.lease, retention: limits.retention, abandoned: abandoned)
        }
        guard case .run(let attempt) = admission else { return refusal(admission, claim.resource, token) }
        let lease = LeaseState()
        let current = FencedRequest(
            resource: claim.resource, token: token, key: key, attempt: attempt, lease: lease)
        return try await FencedRequest.$current.withValue(current) {
            try await holding(claim, lease) { try await run(claim, request, context, next) }
        }
    }

    private func name(of request: Request, _ context: Context) async throws -> String {
        let name = try await resource(request, context)
        try ResourceBounds.check(name: name)
        return name
    }

    /// Runs the handler, and keeps what it answered.
    private func run(
        _ claim: RequestClaim, _ request: Request, _ context: Context,
        _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let answer: StoredResponse
        do {
            var response: Response
            do { response = try await next(request, context) } catch let error as any HTTPResponseError {
                // An answer like any other, only thrown.
                response = try error.response(from: request, context: context)
            }
            answer = try await StoredResponse(response, limit: limits.responseBytes)
        } catch {
            // How far the handler came, nobody knows. The resource is freed also for a caller that has gone away.
            let store = store
            try? await runtime.shielded { try await store.abandon(claim) }
            throw error
        }
        let (store, retention) = (store, limits.retention)
        let counts = try await runtime.shielded { try await store.complete(claim, with: answer, retention: retention) }
        guard counts else {
            throw Problem(
                .abandoned, 503, "the handler outlived its lease and another attempt began: repeat the request",
                resource: claim.resource)
        }
        return answer.response(isReplay: false)
    }

    /// Renews the lease while the body runs.
    private func holding<Value: Sendable>(
        _ claim: RequestClaim, _ lease: LeaseState, _ body: () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [store, limits, runtime] in
                var ends = runtime.now.advanced(by: limits.lease)
                while true {
                    do { try await runtime.sleep(for: limits.lease / 3) } catch { return }
                    let asked = runtime.now
                    // A store that does not answer may do so the next time.
                    let renewed = try? await store.renew(claim, lease: limits.lease)
                    if renewed == true { ends = asked.advanced(by: limits.lease) }
                    if renewed == false || runtime.now >= ends { return lease.lose() }
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// Asks until the resource is free, for as long as the limits say.
    private func patiently(
        _ ask: () async throws(ResourceError) -> RequestAdmission
    ) async throws -> RequestAdmission {
        let deadline = runtime.now.advanced(by: limits.patience)
        while true {
            let admission = try await ask()
            guard case .occupied = admission, runtime.now < deadline else { return admission }
            try await runtime.sleep(for: .milliseconds(1) + runtime.jitter(upTo: .milliseconds(20)))
        }
    }

    private func refusal(_ admission: RequestAdmission, _ resource: String, _ token: FencingToken) -> Response {
        switch admission {
        case .replay(let answer): return answer.response(isReplay: true)
        case .stale(let fence):
            return Problem(ResourceError.stale(resource: resource, token: token, fence: fence)).response()
        case .keyReused:
            return Problem(.keyReused, 422, "the key was used for another method, path or body", resource: resource)
                .response()
        case .inFlight(let remaining):
            return Problem(.inFlight, 409, "wait for its answer, then ask again", resource: resource)
                .response(retryAfter: min(remaining, .seconds(1)))
        case .occupied(let remaining):
            return Problem(.occupied, 409, "another request kept it occupied; ask again", resource: resource)
                .response(retryAfter: remaining)
        case .abandoned:
            return Problem(
                .abandoned, 409, "it may or may not have had its effect; look, and use a new key", resource: resource
            ).response()
        case .run: preconditionFailure("an admitted request is not refused")
        }
    }

    private static func fingerprint(_ request: Request, _ body: ByteBuffer) -> String {
        var hash = SHA256()
        // No method or path has a line break.
        hash.update("\(request.method.rawValue)\n\(request.head.path ?? "")\n".utf8)
        hash.update(body.readableBytesView)
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
