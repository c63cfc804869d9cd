public import HoldfastRuntime

/// An HTTP client on libcurl: one thread drives all its transfers, tasks only wait.
///
/// Close it when it is no longer needed; a client that is dropped closes itself. It is safe to use from any task.
public final class HTTPClient: Sendable {
    private let driver: Driver

    public init(_ configuration: HTTPConfiguration = HTTPConfiguration(), runtime: any Runtime = LiveRuntime()) {
        precondition(
            (1...10_000).contains(configuration.maxConcurrent), "a client has 1 to 10000 requests on the wire at once")
        if let agent = configuration.userAgent {
            let refusal = HTTPHeaders.Field(name: "User-Agent", value: agent).refusal
            precondition(refusal == nil, "the user agent cannot be sent: \(refusal ?? "")")
        }
        driver = Driver(configuration, runtime: runtime)
        driver.start()
    }

    deinit { driver.beginClose() }

    /// Sends the request and collects the whole answer, of any status.
    ///
    /// Throws an `HTTPError` when there is no complete answer. Cancelling the task ends the transfer, and the error is
    /// `cancelled`.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let stream = try await stream(request)
        var body: [UInt8] = []
        let reader = stream.body.makeAsyncIterator()
        while let bytes = try await reader.next() {
            if body.isEmpty { body = bytes } else { body.append(contentsOf: bytes) }
        }
        return HTTPResponse(head: stream.head, body: body)
    }

    /// Sends the request and returns at the head of the answer; the body arrives as it is read. A slow reader slows
    /// the sender: the transfer pauses while `bufferLimit` bytes wait.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let url = try RequestURL(request.url)
        for field in request.headers.fields {
            guard let reason = field.refusal else { continue }
            throw HTTPError(.badHeader(name: field.name, reason: reason), url: url.printable, outcome: .notSent)
        }
        if Task.isCancelled { throw HTTPError(.cancelled, url: url.printable, outcome: .notSent) }
        let exchange = Exchange(bufferLimit: driver.configuration.bufferLimit)
        let id = try driver.submit(request, url, exchange).get()
        let head = try await withTaskCancellationHandler {
            await exchange.head()
        } onCancel: {
            driver.post(.cancel(id))
        }.get()
        return HTTPStream(head: head, body: HTTPBody(BodyReader(self, driver, id, exchange)))
    }

    /// Fails what is in flight as `closed` and ends the thread. Idempotent; later requests fail as `closed`.
    public func close() async { await driver.close() }

    public var statistics: HTTPStatistics {
        var statistics = driver.statistics.current
        statistics.unfinished = driver.unfinished
        return statistics
    }
}
