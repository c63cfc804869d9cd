import HoldfastHTTP
import Synchronization
import Testing

extension HTTPConfiguration {
    /// For servers on this machine, whatever proxy the environment names.
    static var local: HTTPConfiguration {
        var configuration = HTTPConfiguration()
        configuration.usesProxyFromEnvironment = false
        return configuration
    }
}

/// Runs `body` with a client, closes it, and proves that no libcurl handle is left.
func withClient<Value: Sendable>(
    _ configuration: HTTPConfiguration = .local, _ body: @Sendable (HTTPClient) async throws -> Value
) async throws -> Value {
    let client = HTTPClient(configuration)
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    #expect(client.statistics.openHandles == 0)
    #expect(client.statistics.unfinished == 0)
    return try result.get()
}

/// The error that `body` throws; nil, and a failed test, when it throws none.
func failure<Value>(_ body: () async throws -> Value) async -> HTTPError? {
    do {
        _ = try await body()
        Issue.record("no error came")
    } catch let error as HTTPError {
        return error
    } catch {
        Issue.record("not an HTTPError: \(error)")
    }
    return nil
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ value: Any?) { description = "unexpected: \(String(describing: value))" }
}

/// An event that a test awaits; it stays sent.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func send() { continuation.yield() }

    /// Waits for the next `send`, or takes one that came before.
    func wait() async {
        for await _ in stream { return }
    }
}

/// How many are inside at once, at most.
final class Gauge: Sendable {
    private let counts = Mutex((now: 0, peak: 0))

    func enter() {
        counts.withLock {
            $0.now += 1
            $0.peak = max($0.peak, $0.now)
        }
    }

    func leave() { counts.withLock { $0.now -= 1 } }

    var peak: Int { counts.withLock { $0.peak } }
}
