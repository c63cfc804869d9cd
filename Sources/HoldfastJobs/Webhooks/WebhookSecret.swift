import Foundation
import HoldfastDigest
public import HoldfastHTTP
public import HoldfastRuntime

/// A secret that webhooks are signed with, by the Standard Webhooks specification
/// (https://github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over `id.timestamp.body`.
///
/// It never shows itself: descriptions hide it.
public struct WebhookSecret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    private let key: [UInt8]

    /// The specification's bounds, in bytes.
    public static let bounds = 24...64
    static let prefix = "whsec_"

    /// - Parameter text: `whsec_` and 24 to 64 bytes in base64.
    /// - Throws: ``JobsError`` with `invalid`.
    public init(_ text: String) throws(JobsError) {
        guard text.hasPrefix(Self.prefix), let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            Self.bounds.contains(data.count)
        else {
            throw JobsError(
                .invalid,
                "that is no webhook secret: use \(Self.prefix) and \(Self.bounds.lowerBound) to "
                    + "\(Self.bounds.upperBound) random bytes in base64")
        }
        key = Array(data)
    }

    /// The signature, such as `v1,K5oZ…`.
    public func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let signed = Array("\(id).\(timestamp).".utf8) + body
        let code = HMACSHA256.code(for: signed, key: key)
        return "v1," + Data(code).base64EncodedString()
    }

    /// For receivers: whether a request's signature headers fit its body, and its time is `now` within `tolerance`.
    public func verifies(
        _ headers: HTTPHeaders, body: [UInt8], now: WallTime, tolerance: Duration = .seconds(300)
    ) -> Bool {
        guard let id = headers["webhook-id"], let time = headers["webhook-timestamp"], let timestamp = Int64(time),
            let signatures = headers["webhook-signature"],
            abs(now.microseconds / 1_000_000 - timestamp) <= tolerance.secondsRoundedUp
        else { return false }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        return signatures.split(separator: " ").contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                return false
            }
            return HMACSHA256.isValid(Array(code), for: signed, key: key)
        }
    }

    public var description: String { "whsec_…" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
