import HoldfastHTTP
import Hummingbird
import Logging
import NIOCore

// Two libraries have these names.
typealias Call = HoldfastHTTP.HTTPRequest
typealias Answer = HoldfastHTTP.HTTPResponse
typealias Client = HoldfastHTTP.HTTPClient

/// Runs `body` with a real server of these routes on a free local port.
func withServer<Value: Sendable>(
    _ router: Router<BasicRequestContext>, _ body: @escaping @Sendable (String, HTTPClient) async throws -> Value
) async throws -> Value {
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let application = Application(
        router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in if let port = channel.localAddress?.port { continuation.yield(port) } },
        logger: logger)
    let client = HTTPClient()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        var port = 0
        for await found in ports {
            port = found
            break
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body("http://127.0.0.1:\(port)", client)) } catch { result = .failure(error) }
        await client.close()
        group.cancelAll()
        return try result.get()
    }
}
