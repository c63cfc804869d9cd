import Foundation

/// An HTTP request that tells of a job's end: RQ's `Webhook`.
///
/// Our workers deliver it as a job of its own on the queue ``WebhookDelivery/queue``; see there.
public struct Webhook: Sendable, Hashable, Codable {
    /// An `http` or `https` URL of at most ``maximumURLLength`` bytes.
    public var url: String
    public var event: Event
    public var method: Method
    /// Added to the request, at most ``maximumHeaders``.
    public var headers: [String: String]?
    /// The time one attempt may take, in whole seconds (RQ's field).
    public var timeout: Int

    public enum Event: String, Sendable, Hashable, Codable { case finished, failed }

    public enum Method: String, Sendable, Hashable, Codable {
        /// Without a body, as RQ's default has it.
        case get = "GET"
        case post = "POST"
    }

    public static let maximumURLLength = 2048
    public static let maximumHeaders = 32

    public init(
        _ url: String, on event: Event, method: Method = .post, headers: [String: String]? = nil,
        timeout: Duration = .seconds(10)
    ) {
        self.url = url
        self.event = event
        self.method = method
        self.headers = headers
        self.timeout = Int(timeout.secondsRoundedUp)
    }

    enum CodingKeys: String, CodingKey {
        case url
        case event = "job_status"
        case method, headers, timeout
    }

    func validate() throws(JobsError) {
        let parts = URLComponents(string: url)
        guard url.utf8.count <= Self.maximumURLLength, let scheme = parts?.scheme?.lowercased(),
            ["http", "https"].contains(scheme), parts?.host?.isEmpty == false
        else {
            throw JobsError(
                .invalid,
                "\"\(url.prefix(80))\" is no URL for a webhook: use http:// or https:// and at most "
                    + "\(Self.maximumURLLength) bytes")
        }
        guard timeout > 0, headers?.count ?? 0 <= Self.maximumHeaders else {
            throw JobsError(
                .invalid, "a webhook's timeout must be positive, and its headers at most \(Self.maximumHeaders)")
        }
    }
}
