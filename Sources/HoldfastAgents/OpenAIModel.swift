public import HoldfastHTTP
public import HoldfastRuntime
public import Logging

/// A model behind the OpenAI chat-completions API, which most servers speak.
///
/// A completion has no effect but its bill, so it is tried again: after 408, 409, 429 and 5xx, when the connection
/// fails, and when an answer takes too long, as often as the retry policy says, waiting as long as Retry-After asks
/// (capped) or a jittered back-off. Other 4xx are not retried. An answer that came but cannot be read is not retried
/// either: asking again would cost the same and seldom help.
public struct OpenAIModel: Model {
    /// The model's name, for example `gpt-4.1-mini`.
    public var name: String
    /// Up to and without `/chat/completions`.
    public var baseURL: String
    /// Sent as a bearer token; nil sends none, as local servers want it.
    public var apiKey: APIKey?
    /// Whether the answer is streamed, so that a stalled server is noticed by its silence.
    public var streams: Bool
    public var retry: RetryPolicy
    /// Sent with every request.
    public var headers: HTTPHeaders

    private let client: HTTPClient
    private let runtime: any Runtime
    private let logger: Logger

    public static let defaultBaseURL = "https://api.openai.com/v1"

    public init(
        name: String, baseURL: String = defaultBaseURL, apiKey: APIKey? = nil, streams: Bool = true,
        retry: RetryPolicy = RetryPolicy(), headers: HTTPHeaders = [:], client: HTTPClient,
        runtime: any Runtime = LiveRuntime(), logger: Logger = Logger(label: "holdfast.agents.openai")
    ) {
        self.name = name
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.streams = streams
        self.retry = retry
        self.headers = headers
        self.client = client
        self.runtime = runtime
        self.logger = logger
    }

    public func complete(_ request: ModelRequest) async throws(ModelError) -> ModelResponse {
        let http = httpRequest(body: OpenAIWire.body(request, model: name, streams: streams))
        var attempt = 1
        while true {
            let failure: Failure
            do {
                return try await once(http, attempt)
            } catch {
                failure = error
            }
            guard failure.isRetryable, attempt < retry.attempts else { throw failure.error }
            let pause = failure.retryAfter.map { min($0, retry.longestRetryAfter) }
            let wait = pause ?? retry.pause(after: attempt, runtime: runtime)
            logger.info("asking the model again after \(wait): \(failure.error)", metadata: ["attempt": "\(attempt)"])
            do { try await runtime.sleep(for: wait) } catch { throw .cancelled }
            attempt += 1
        }
    }

    /// Why one try failed, and whether another may succeed.
    private struct Failure: Error {
        var error: ModelError
        var isRetryable = false
        var retryAfter: Duration?
    }

    private func httpRequest(body: JSONValue) -> HTTPRequest {
        var headers = headers
        headers["Content-Type"] = "application/json"
        headers["Accept"] = streams ? "text/event-stream" : "application/json"
        if let apiKey { headers["Authorization"] = "Bearer \(apiKey.secret)" }
        var base = baseURL[...]
        while base.last == "/" { base.removeLast() }
        return HTTPRequest(
            .post, base + "/chat/completions", headers: headers, body: Array(body.text.utf8), isRepeatable: true)
    }

    private func once(_ request: HTTPRequest, _ attempt: Int) async throws(Failure) -> ModelResponse {
        let head: HTTPHead
        var whole: [UInt8] = []
        do {
            let stream = try await client.stream(request)
            head = stream.head
            if head.isSuccess, head.headers["Content-Type"]?.lowercased().hasPrefix("text/event-stream") == true {
                return try await assemble(stream.body)
            }
            for try await bytes in stream.body { whole += bytes }
        } catch let error as HTTPError {
            if error.kind == .cancelled { throw Failure(error: .cancelled) }
            throw Failure(error: .transport(error, attempts: attempt), isRetryable: error.isWorthRetrying)
        } catch let error as ModelError {
            throw Failure(error: error)
        } catch {
            preconditionFailure("HTTP and the assembler throw typed errors, not \(error)")
        }
        guard head.isSuccess else { throw refusal(head, whole, attempt) }
        do { return try OpenAIWire.response(whole) } catch { throw Failure(error: error) }
    }

    private func assemble(_ body: HTTPBody) async throws -> ModelResponse {
        var decoder = ServerSentEventDecoder()
        var assembler = OpenAIStreamAssembler()
        do {
            for try await bytes in body {
                for event in try decoder.feed(bytes) where try assembler.feed(event.data) {
                    return try assembler.response()
                }
            }
        } catch let error as ServerSentEventDecoder.TooLong {
            throw ModelError.malformedAnswer("\(error)")
        } catch let error as HTTPError {
            if case .connectionLost = error.kind { throw ModelError.endedEarly }
            throw error
        }
        return try assembler.response()
    }

    private func refusal(_ head: HTTPHead, _ body: [UInt8], _ attempt: Int) -> Failure {
        let message = OpenAIWire.errorMessage(body)
        let shown = apiKey?.redacted(message) ?? message
        let retryAfter = head.headers["Retry-After"].flatMap { RetryAfter.wait($0, now: runtime.wallTime) }
        return Failure(
            error: .refused(status: head.status, message: shown, attempts: attempt),
            isRetryable: [408, 409, 429].contains(head.status) || (500..<600).contains(head.status),
            retryAfter: retryAfter)
    }
}

extension HTTPError {
    /// Whether the same request may succeed later.
    fileprivate var isWorthRetrying: Bool {
        switch kind {
        case .resolve, .connect, .timeout, .connectionLost, .overloaded: true
        case .badURL, .badHeader, .tls, .tooLarge, .tooManyRedirects, .protocolViolation, .cancelled, .closed: false
        }
    }
}
