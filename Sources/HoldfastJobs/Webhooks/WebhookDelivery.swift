import Foundation
public import HoldfastHTTP
import HoldfastRuntime

/// Delivers the webhooks of finished and failed jobs, as jobs of their own.
///
/// A worker that is to deliver gets it by ``HandlerRegistry/deliver(_:)`` and then serves ``queue`` beside its own.
/// Each delivery was enqueued in the step that recorded the job's outcome. It is repeated with growing pauses for about
/// three days (``retries``) until the receiver answers 2xx; then it stands among the failed jobs of ``queue``, from
/// where it can be requeued. Receivers may see a delivery more than once, with the same `webhook-id`.
///
/// The request: RQ's JSON (`job_id`, `func_name`, `status`, `enqueued_at`, `ended_at`, for failures `exc_info`) with
/// `type` (`job.finished` or `job.failed`), `timestamp` and `queue`; signed by the Standard Webhooks specification when
/// there is a secret. A webhook of the method GET has neither body nor query, as in RQ; its empty body is signed.
public struct WebhookDelivery: Sendable {
    /// The queue of deliveries, on the jobs' server.
    public static let queue = QueueName(unchecked: "holdfast.webhooks")
    static let function = "holdfast.webhook"

    /// The pauses that the specification recommends: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    public static let retries = RetryPolicy(
        maximum: 9, intervals: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map { .seconds($0) },
        jitter: 0.2)

    private let http: HTTPClient
    private let secrets: @Sendable (String) -> [WebhookSecret]

    /// - Parameters:
    ///   - http: Stays the caller's. Made from ``configuration(allowsInternalAddresses:)``, it reaches no internal
    ///     addresses: whoever may enqueue jobs may otherwise send requests into your network.
    ///   - secrets: The secrets for a URL; several while one replaces another: each signs. None sends unsigned.
    public init(http: HTTPClient, secrets: @escaping @Sendable (_ url: String) -> [WebhookSecret] = { _ in [] }) {
        self.http = http
        self.secrets = secrets
    }

    /// What a client for deliveries needs: no redirects, no proxy, short answers.
    public static func configuration(allowsInternalAddresses: Bool = false) -> HTTPConfiguration {
        var configuration = HTTPConfiguration()
        configuration.allowsInternalAddresses = allowsInternalAddresses
        configuration.usesProxyFromEnvironment = false
        configuration.maxRedirects = 0
        configuration.bodyLimit = 64 << 10
        configuration.userAgent = "holdfast-webhooks"
        return configuration
    }

    func deliver(_ call: WebhookCall, _ context: JobContext) async throws -> Int {
        do { try call.hook.validate() } catch { throw PermanentFailure(error.message) }
        let body = call.hook.method == .get ? [] : try await call.body(context)
        let time = context.runtime.wallTime.microseconds / 1_000_000
        // The delivery's own id: the same in every attempt.
        let id = context.jobID.text
        var headers = HTTPHeaders(
            (call.hook.headers ?? [:]).sorted { $0.key < $1.key }.map { .init(name: $0, value: $1) })
        headers.add("webhook-id", id)
        headers.add("webhook-timestamp", String(time))
        let signatures = secrets(call.hook.url).map { $0.signature(id: id, timestamp: time, body: body) }
        if !signatures.isEmpty { headers.add("webhook-signature", signatures.joined(separator: " ")) }
        if call.hook.method == .post, headers["Content-Type"] == nil { headers.add("Content-Type", "application/json") }
        var request = HTTPRequest(
            call.hook.method == .get ? .get : .post, call.hook.url, headers: headers,
            body: call.hook.method == .get ? nil : body)
        request.timeout = .seconds(min(call.hook.timeout, 3600))
        return try judge(try await http.send(request), of: call.hook)
    }

    private func judge(_ response: HTTPResponse, of hook: Webhook) throws -> Int {
        switch response.status {
        case 200..<300: return response.status
        case 410: throw PermanentFailure("\(hook.url) answered 410: it wants no more webhooks")
        case 429, 503:
            // The receiver's own wish goes before our pauses.
            if let seconds = response.headers["Retry-After"].flatMap({ Int64($0) }), (1...86_400).contains(seconds) {
                throw RetryLater(after: .seconds(seconds), "\(hook.url) answered \(response.status)")
            }
        default: break
        }
        throw Refused(url: hook.url, status: response.status)
    }

    struct Refused: Error, CustomStringConvertible {
        let url: String, status: Int
        var description: String { "\(url) answered \(status)" }
    }
}

extension HandlerRegistry {
    /// Makes workers with these handlers deliver webhooks.
    /// - Precondition: called once.
    public mutating func deliver(_ delivery: WebhookDelivery) {
        deliversWebhooks = true
        register(WebhookDelivery.function) { (call: WebhookCall, context) in
            try await delivery.deliver(call, context)
        }
    }
}
