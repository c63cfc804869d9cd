import Foundation

/// What a callback's function is called with. Register it like any function:
///
///     handlers.register("reports.done") { (call: CallbackCall, context) in … }
///
/// The call is a job of its own on the queue `<queue>.callbacks`, which workers of `<queue>` serve by themselves. It
/// was created in the same step that recorded the outcome, so there is one for each; it runs at least once, is tried
/// again when it fails (``retries``), and ends among that queue's failed jobs if nothing helps.
public struct CallbackCall: Decodable, Sendable {
    public enum Kind: String, Decodable, Sendable, Hashable { case success, failure, stopped }

    public let kind: Kind
    /// The job whose outcome this is.
    public let jobID: String
    public let queue: String
    /// The execution whose outcome this is.
    public let executionID: String
    /// Whether the job runs again: a failed execution with retries left, or a repeated job.
    public let runsAgain: Bool
    /// What the job returned, as JSON; nil for Python's `None` and for failures.
    public let returnValue: [UInt8]?
    /// Why it failed.
    public let failure: String?

    /// How a failing callback is tried again: ten times within about 17 minutes.
    public static let retries = RetryPolicy.exponential(10, first: .seconds(1), cap: .seconds(600))

    enum CodingKeys: String, CodingKey {
        case kind
        case jobID = "job_id"
        case queue
        case executionID = "execution_id"
        case runsAgain = "runs_again"
        case returnValue = "return_value"
        case failure = "exc_string"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decode(Kind.self, forKey: .kind)
        jobID = try container.decode(String.self, forKey: .jobID)
        queue = try container.decode(String.self, forKey: .queue)
        executionID = try container.decode(String.self, forKey: .executionID)
        runsAgain = try container.decode(Bool.self, forKey: .runsAgain)
        // As they stand in RQ's result stream.
        let value = try container.decodeIfPresent(String.self, forKey: .returnValue)
        returnValue = value.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
        failure = try container.decodeIfPresent(String.self, forKey: .failure).map(JobResult.decode(failure:))
    }

    /// The return value as a `Value`. A missing one decodes as JSON's `null`.
    /// - Throws: ``JobsError`` with `unreadable`.
    public func value<Value: Decodable>(as type: Value.Type = Value.self) throws(JobsError) -> Value {
        do {
            return try JSONDecoder.rq.decode(type, from: Data(returnValue ?? Array("null".utf8)))
        } catch {
            throw JobsError(.unreadable, "the result of the job \(jobID) is no \(type): \(JobPayload.reason(error))")
        }
    }
}
