import HTTPTypes
import HoldfastResources
import Hummingbird
import NIOCore
import Synchronization

extension StoredResponse {
    /// Reads an answer's body to its end, which for a streamed one is where the handler's work is done.
    init(_ response: Response, limit: Int) async throws {
        let collector = Collector(limit: limit)
        do {
            try await response.body.write(CollectingWriter(collector: collector))
        } catch is TooLarge {
            let problem = Problem(.refused, 500, "it was done, but its answer has more than \(limit) bytes")
            try await self.init(problem.response(), limit: .max)
            return
        }
        let fields = response.headers.filter { $0.name != .contentLength && $0.name != .transferEncoding }
        self.init(
            status: response.status.code, fields: fields.map { Field(name: $0.name.rawName, value: $0.value) },
            body: collector.bytes)
    }

    func response(isReplay: Bool) -> Response {
        var headers = HTTPFields()
        for field in fields {
            if let name = HTTPField.Name(field.name) { headers.append(HTTPField(name: name, value: field.value)) }
        }
        if isReplay { headers[.idempotentReplayed] = "true" }
        let body = body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        return Response(status: .init(code: status), headers: headers, body: body)
    }
}

private struct TooLarge: Error {}

private final class Collector: Sendable {
    private let limit: Int
    private let buffer = Mutex<[UInt8]>([])

    init(limit: Int) { self.limit = limit }

    var bytes: [UInt8] { buffer.withLock { $0 } }

    func add(_ bytes: ByteBuffer) throws {
        try buffer.withLock { buffer in
            guard buffer.count + bytes.readableBytes <= limit else { throw TooLarge() }
            buffer.append(contentsOf: bytes.readableBytesView)
        }
    }
}

private struct CollectingWriter: ResponseBodyWriter {
    let collector: Collector

    mutating func write(_ buffer: ByteBuffer) async throws { try collector.add(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
