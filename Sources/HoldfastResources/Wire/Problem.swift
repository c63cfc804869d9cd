import Foundation
import HoldfastLocks

/// Why a fenced request was refused, as RFC 9457 has it: `application/problem+json`.
package struct Problem: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable {
        case stale, keyReused, inFlight, occupied, abandoned, refused, unavailable
        case invalidRequest, tokenMissing, keyMissing
    }

    package var kind: Kind
    package var status: Int
    package var detail: String
    package var resource: String?
    package var token: Int64?
    package var fence: Int64?
    package var code: String?
    package var outcome: String?

    package init(_ kind: Kind, _ status: Int, _ detail: String, resource: String? = nil) {
        self.kind = kind
        self.status = status
        self.detail = detail
        self.resource = resource
    }

    package static let contentType = "application/problem+json"
    private static let prefix = "urn:holdfast:problem:"

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, resource, token, fence, code, outcome
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let type = try fields.decode(String.self, forKey: .type)
        guard type.hasPrefix(Self.prefix), let kind = Kind(rawValue: String(type.dropFirst(Self.prefix.count))) else {
            throw DecodingError.dataCorruptedError(forKey: .type, in: fields, debugDescription: "another's problem")
        }
        self.kind = kind
        status = try fields.decode(Int.self, forKey: .status)
        detail = try fields.decode(String.self, forKey: .detail)
        resource = try fields.decodeIfPresent(String.self, forKey: .resource)
        token = try fields.decodeIfPresent(Int64.self, forKey: .token)
        fence = try fields.decodeIfPresent(Int64.self, forKey: .fence)
        code = try fields.decodeIfPresent(String.self, forKey: .code)
        outcome = try fields.decodeIfPresent(String.self, forKey: .outcome)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(Self.prefix + kind.rawValue, forKey: .type)
        try fields.encode(title, forKey: .title)
        try fields.encode(status, forKey: .status)
        try fields.encode(detail, forKey: .detail)
        try fields.encodeIfPresent(resource, forKey: .resource)
        try fields.encodeIfPresent(token, forKey: .token)
        try fields.encodeIfPresent(fence, forKey: .fence)
        try fields.encodeIfPresent(code, forKey: .code)
        try fields.encodeIfPresent(outcome, forKey: .outcome)
    }

    private var title: String {
        switch kind {
        case .stale: "The fencing token is stale"
        case .keyReused: "The idempotency key was used for another request"
        case .inFlight: "A request with this idempotency key is being worked on"
        case .occupied: "Another request is working on the resource"
        case .abandoned: "An earlier attempt ended without an answer"
        case .refused: "Refused"
        case .unavailable: "The store is unavailable"
        case .invalidRequest: "The request is not usable"
        case .tokenMissing: "A fencing token is required"
        case .keyMissing: "An idempotency key is required"
        }
    }
}

extension Problem {
    /// The answer that tells an error.
    package init(_ error: ResourceError) {
        switch error {
        case .stale(let resource, let token, let fence):
            self.init(.stale, 412, error.description, resource: resource)
            (self.token, self.fence) = (token.rawValue, fence.rawValue)
        case .keyReused: self.init(.keyReused, 422, error.description)
        case .invalid: self.init(.invalidRequest, 400, error.description)
        case .refused: self.init(.refused, 403, error.description)
        case .unavailable(let cause):
            // Without the place: paths and addresses are not for clients.
            self.init(.unavailable, 503, cause.message)
            (code, outcome) = (cause.code.rawValue, cause.outcome.rawValue)
        }
    }
}
