import Foundation
import HTTPTypes
import HoldfastResources
import HoldfastRuntime
import Hummingbird
import NIOCore

extension Problem {
    /// As an answer: the body for programs that read it, the tokens also as header fields.
    func response(retryAfter: Duration? = nil) -> Response {
        var headers: HTTPFields = [.contentType: Problem.contentType]
        if let token { headers[.fencingToken] = String(token) }
        if let fence { headers[.fencingFence] = String(fence) }
        if let retryAfter { headers[.retryAfter] = String(max(1, Int(retryAfter.seconds.rounded(.up)))) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and whole numbers can always be encoded.
        let body = (try? encoder.encode(self)) ?? Data()
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    // All are tokens, as a name must be.
    static let fencingToken = HTTPField.Name(FencingHeaders.token)!
    static let fencingFence = HTTPField.Name(FencingHeaders.fence)!
    static let fencingSequence = HTTPField.Name(FencingHeaders.sequence)!
    static let idempotencyKey = HTTPField.Name(FencingHeaders.key)!
    static let idempotentReplayed = HTTPField.Name(FencingHeaders.replayed)!
}
