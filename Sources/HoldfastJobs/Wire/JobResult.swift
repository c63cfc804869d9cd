import Foundation
public import HoldfastRuntime

/// One entry of a job's result stream `rq:results:<id>`.
public struct JobResult: Sendable, Hashable {
    /// RQ's numbers.
    public enum Outcome: Int, Sendable, Hashable {
        case successful = 1
        case failed = 2
        case stopped = 3
        case retried = 4
        case maximumRetriesExceeded = 5
    }

    public let jobID: JobID
    public let outcome: Outcome
    /// What the function returned, as JSON; nil for Python's `None` and for failures.
    public let returnValue: [UInt8]?
    /// Why it failed, in Python's case with the traceback.
    public let failure: String?
    public let workerName: String
    public let executionID: String?
    /// When the server recorded it, to the millisecond.
    public let recordedAt: WallTime

    /// The id of its entry in the stream.
    let entry: String

    /// A failure's text is cut here when it is written, and refused beyond when it is read.
    static let maximumFailureBytes = 64 << 10

    /// The return value as a `Value`. A missing one decodes as JSON's `null`.
    /// - Throws: ``JobsError`` with `unreadable`.
    public func value<Value: Decodable>(as type: Value.Type = Value.self) throws(JobsError) -> Value {
        do {
            return try JSONDecoder.rq.decode(type, from: Data(returnValue ?? Array("null".utf8)))
        } catch {
            throw JobsError(
                .unreadable, "the result of the job \(jobID) is no \(type): \(JobPayload.reason(error))")
        }
    }

    /// Reads a stream entry's id and fields.
    init(jobID: JobID, entry: String, fields: [String: [UInt8]]) throws(JobsError) {
        func text(_ name: String) -> String? { fields[name].map { String(decoding: $0, as: UTF8.self) } }
        guard let number = text("type").flatMap({ Int($0) }), let outcome = Outcome(rawValue: number) else {
            throw JobsError(.unreadable, "the job \(jobID) has a result of an unknown type")
        }
        self.jobID = jobID
        self.outcome = outcome
        self.entry = entry
        workerName = text("worker_name") ?? ""
        executionID = text("execution_id")
        let milliseconds = entry.split(separator: "-").first.flatMap { Int64($0) } ?? 0
        recordedAt = WallTime(microseconds: milliseconds.multipliedReportingOverflow(by: 1000).partialValue)
        if let encoded = text("return_value") {
            guard let value = Data(base64Encoded: encoded) else {
                throw JobsError(.unreadable, "the result of the job \(jobID) is no base64")
            }
            returnValue = Array(value)
        } else {
            returnValue = nil
        }
        failure = text("exc_string").map(Self.decode(failure:))
    }

    /// RQ's form of a failure's text: base64 of zlib of UTF-8.
    static func encode(failure: String) -> String {
        let cut = Array(failure.utf8.prefix(maximumFailureBytes))
        return Data(Zlib.deflate(Array(String(decoding: cut, as: UTF8.self).utf8))).base64EncodedString()
    }

    static func decode(failure: String) -> String {
        guard let compressed = Data(base64Encoded: failure),
            case .bytes(let bytes) = Zlib.inflate(Array(compressed), limit: 4 << 20)
        else { return "(the failure's text cannot be read)" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
