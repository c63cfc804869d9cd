import Foundation
public import HoldfastHTTP
public import HoldfastLocks
public import HoldfastResources

/// A fenced resource behind an HTTP service, such as one that `HoldfastHummingbird` serves.
///
///     GET  url          Fencing-Token             read:  200 and the value, 204 before the first write
///     POST url/fence    Fencing-Token             raise: the same
///     PUT  url          Fencing-Token, Idempotency-Key, the value
///                                                 apply: 2xx, Fencing-Token, Fencing-Sequence, Idempotent-Replayed
///
/// 412 with `Fencing-Fence` says that the token is stale, 422 that the key was used for another value, 409 that a
/// request with this key is under way. Every request may be repeated, and is where a kept connection turns out dead.
public struct HTTPResource: FencedResource {
    public let name: String
    public let url: String
    private let client: HTTPClient
    private let headers: HTTPHeaders
    private let valueLimit: Int

    /// - Parameters:
    ///   - url: An absolute `http` or `https` URL without query.
    ///   - name: How errors call it, 1 to 512 bytes; the URL by default.
    ///   - headers: Sent with every request, such as `Authorization`.
    ///   - valueLimit: Most bytes of a value that is read.
    public init(
        _ url: String, name: String? = nil, client: HTTPClient, headers: HTTPHeaders = [:],
        valueLimit: Int = 256 << 20
    ) throws(ResourceError) {
        if let name { try ResourceBounds.check(name: name) }
        self.name = name ?? url
        self.url = url
        self.client = client
        self.headers = headers
        self.valueLimit = valueLimit
    }

    public func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try value(in: try await send(.post, url + "/fence", token), token)
    }

    public func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try value(in: try await send(.get, url, token), token)
    }

    public func apply(
        _ value: [UInt8], token: FencingToken, key: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        try ResourceBounds.check(valueBytes: value.count)
        let answer = try await send(.put, url, token, key: key, body: value)
        guard (200..<300).contains(answer.status) else { throw refusal(answer, token, key) }
        guard let first = answer.headers[FencingHeaders.token].flatMap(FencingToken.init(headerText:)),
            let sequence = answer.headers[FencingHeaders.sequence].flatMap({ Int64($0) })
        else {
            throw .unavailable(failure(.foreign, .unknown, "the answer has no receipt: no fenced resource is there"))
        }
        let isReplay = answer.headers[FencingHeaders.replayed] == "true"
        return WriteReceipt(token: first, sequence: sequence, isReplay: isReplay)
    }

    // MARK: -

    private func send(
        _ method: HTTPMethod, _ url: String, _ token: FencingToken, key: IdempotencyKey? = nil, body: [UInt8]? = nil
    ) async throws(ResourceError) -> HTTPResponse {
        try ResourceBounds.check(token)
        var headers = headers
        headers[FencingHeaders.token] = token.description
        if let key { headers[FencingHeaders.key] = key.headerText }
        if body != nil { headers["Content-Type"] = "application/octet-stream" }
        // A body, if only an empty one: otherwise a POST has no length.
        let body = body ?? (method == .post ? [] : nil)
        let request = HTTPRequest(
            method, url, headers: headers, body: body, isRepeatable: true, bodyLimit: valueLimit)
        do throws(HTTPError) {
            return try await client.send(request)
        } catch {
            throw translated(error)
        }
    }

    private func value(in answer: HTTPResponse, _ token: FencingToken) throws(ResourceError) -> [UInt8]? {
        switch answer.status {
        case 200: return answer.body
        case 204: return nil
        default: throw refusal(answer, token, nil)
        }
    }

    private func refusal(_ answer: HTTPResponse, _ token: FencingToken, _ key: IdempotencyKey?) -> ResourceError {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
        let words = problem?.detail ?? "the service answered \(answer.status)"
        switch answer.status {
        case 412:
            guard let fence = answer.headers[FencingHeaders.fence].flatMap(FencingToken.init(headerText:)) else {
                break
            }
            return .stale(resource: name, token: token, fence: fence)
        case 422: if let key { return .keyReused(key: key.text) }
        case 400, 413, 428: return .invalid(words)
        case 403 where problem?.kind == .refused: return .refused(words)
        case 401, 403: return .unavailable(failure(.denied, .notWritten, words))
        case 404, 405: return .unavailable(failure(.foreign, .notWritten, "no fenced resource is there (\(words))"))
        // The request with the same key may still write.
        case 409: return .unavailable(failure(.busy, .unknown, words))
        case 429: return .unavailable(failure(.overloaded, .notWritten, words))
        default: break
        }
        let code = problem?.code.flatMap(StoreError.Code.init(rawValue:)) ?? .failed
        let outcome = problem?.outcome.flatMap(StoreError.Outcome.init(rawValue:)) ?? .unknown
        return .unavailable(failure(code, outcome, words))
    }

    private func translated(_ error: HTTPError) -> ResourceError {
        let outcome: StoreError.Outcome = error.outcome == .notSent ? .notWritten : .unknown
        let code: StoreError.Code
        switch error.kind {
        case .badURL, .badHeader: return .invalid(error.description)
        case .cancelled: code = .cancelled
        case .overloaded: code = .overloaded
        case .tooLarge, .tooManyRedirects, .protocolViolation: code = .failed
        default: code = .unreachable
        }
        return .unavailable(StoreError(code, outcome, error.description, at: error.url))
    }

    private func failure(_ code: StoreError.Code, _ outcome: StoreError.Outcome, _ words: String) -> StoreError {
        StoreError(code, outcome, words, at: url)
    }
}
