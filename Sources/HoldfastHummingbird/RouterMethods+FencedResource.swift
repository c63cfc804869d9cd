import HTTPTypes
import HoldfastLocks
public import HoldfastResources
public import Hummingbird
import NIOCore

extension RouterMethods {
    /// Serves fenced resources as `HTTPResource` asks for them: GET reads, PUT writes once, POST to `path`/fence
    /// raises.
    ///
    /// Check and effect are one atomic step of the resource itself, so nothing of what is said of
    /// ``FencingMiddleware`` limits them.
    /// - Parameters:
    ///   - valueLimit: Most bytes of a value; more is answered with 413.
    ///   - open: The resource that a request is about; a `ResourceError` it throws becomes the answer.
    @discardableResult
    public func fencedResource(
        at path: RouterPath, valueLimit: Int = 16 << 20,
        _ open: @escaping @Sendable (Request, Context) async throws -> any FencedResource
    ) -> Self {
        get(path) { request, context in
            try await answer {
                let token = try RequestFields.requiredToken(request.headers)
                return value(try await open(request, context).read(token))
            }
        }
        put(path) { request, context in
            try await answer {
                let token = try RequestFields.requiredToken(request.headers)
                let key = try RequestFields.requiredKey(request.headers)
                let body = try await collected(request, upTo: valueLimit)
                let receipt = try await open(request, context)
                    .apply(Array(body.readableBytesView), token: token, key: key)
                var headers: HTTPFields = [
                    .fencingToken: receipt.token.description, .fencingSequence: String(receipt.sequence),
                ]
                if receipt.isReplay { headers[.idempotentReplayed] = "true" }
                return Response(status: .ok, headers: headers)
            }
        }
        post("\(path)/fence") { request, context in
            try await answer {
                let token = try RequestFields.requiredToken(request.headers)
                return value(try await open(request, context).raise(to: token))
            }
        }
        return self
    }
}

private func value(_ value: [UInt8]?) -> Response {
    guard let value else { return Response(status: .noContent) }
    return Response(
        status: .ok, headers: [.contentType: "application/octet-stream", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: value)))
}

private func answer(_ body: () async throws -> Response) async throws -> Response {
    do {
        return try await body()
    } catch let problem as Problem {
        return problem.response()
    } catch let error as ResourceError {
        return Problem(error).response()
    }
}

/// The whole body, or the problem that it is too large.
func collected(_ request: Request, upTo limit: Int) async throws -> ByteBuffer {
    do {
        return try await request.body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
        throw Problem(.invalidRequest, 413, "a body has at most \(limit) bytes here")
    }
}
