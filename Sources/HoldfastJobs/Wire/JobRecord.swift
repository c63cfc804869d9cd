import Foundation
public import HoldfastRuntime

/// A job's record as it stood when it was read: RQ's hash `rq:job:<id>` and the fields that Holdfast adds.
public struct JobRecord: Sendable, Hashable {
    public let id: JobID
    public let queue: QueueName
    public let status: JobStatus
    public let description: String
    public let createdAt: WallTime?
    public let enqueuedAt: WallTime?
    public let startedAt: WallTime?
    public let endedAt: WallTime?
    /// The worker that runs it, or ran it last; empty before.
    public let workerName: String
    /// The time one execution may take; nil means any.
    public let timeout: Duration?
    public let resultTTL: Retention?
    public let failureTTL: Retention?
    public let retriesLeft: Int?
    public let retryIntervals: [Int]
    /// How often it runs again after a success.
    public let repeatsLeft: Int?
    /// The jobs that it waits for, or waited for.
    public let dependencies: [JobID]
    public let group: GroupName?
    /// The key of which one job may be live; see ``JobOption/unique(_:whenLive:)``.
    public let uniqueKey: String?
    /// What limits it, with others of the same key.
    public let limit: JobLimit?
    /// The `data` field as stored; ``payload()`` reads it.
    public let data: [UInt8]
    /// The `meta` field: JSON (or a pickle, if a Python producer chose that); empty when there is none.
    public let meta: [UInt8]

    /// How often it was started in its present life (since it was last enqueued under this id by us).
    public let executions: Int
    /// The number of its newest execution: grows with every claim, for as long as the hash lives.
    public let token: Int64
    /// How many executions ended because their lease ran out.
    public let crashes: Int

    /// What the handler has said with ``JobContext/report(progress:_:)``, 0 to 1; nil if nothing.
    public var progress: Double? { (try? meta(JobContext.progressName)) ?? nil }

    /// A value of ``meta``; nil when there is none.
    /// - Throws: ``JobsError`` with `unreadable` when it is no `Value`, or ``meta`` is no JSON object.
    public func meta<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(JobsError) -> Value? {
        guard !meta.isEmpty else { return nil }
        do {
            let object = try JSONSerialization.jsonObject(with: Data(meta)) as? [String: Any] ?? [:]
            guard let value = object[name] else { return nil }
            let data = try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
            return try JSONDecoder.rq.decode(type, from: data)
        } catch {
            throw JobsError(.unreadable, "meta.\(name) of the job \(id) is no \(type): \(JobPayload.reason(error))")
        }
    }

    /// - Throws: ``JobsError`` with `pickled` or `tooLarge`.
    public func payload() throws(JobsError) -> JobPayload { try JobPayload(field: data) }
}

/// How long a job's record stays after its end.
public enum Retention: Sendable, Hashable {
    case forever
    /// Whole seconds (rounded up); zero deletes at once.
    case span(Duration)

    var seconds: Int64 {
        switch self {
        case .forever: -1
        case .span(let duration): max(0, (duration.nanoseconds + 999_999_999) / 1_000_000_000)
        }
    }

    init?(field: String?) {
        guard let field, let seconds = Int64(field) else { return nil }
        self = seconds < 0 ? .forever : .span(.seconds(seconds))
    }
}

extension JobRecord {
    /// The names of the fields that Holdfast adds to RQ's hash; RQ's readers ignore them.
    enum OwnField {
        static let token = "hf_token"
        static let executions = "hf_executions"
        static let crashes = "hf_crashes"
        /// The execution that recorded the last outcome, so that its repeat is recognised.
        static let completedBy = "hf_completed_by"
        static let uniqueKey = "hf_unique"
        /// Of a limit: seconds from one job to the next, and how many may come at once.
        static let rateInterval = "hf_rate_interval"
        static let rateBurst = "hf_rate_burst"
        /// The part of a retry's interval that is drawn by chance, 0 to 1.
        static let retryJitter = "hf_retry_jitter"
    }

    /// - Throws: ``JobsError`` with `noSuchJob` when `data` is missing, as RQ's readers do, and `unreadable` for a
    ///   status or queue name that RQ does not know.
    init(id: JobID, fields: [String: [UInt8]], queue fallback: QueueName? = nil) throws(JobsError) {
        func text(_ name: String) -> String? { fields[name].map { String(decoding: $0, as: UTF8.self) } }
        func time(_ name: String) -> WallTime? { text(name).flatMap(RQTime.parse) }
        guard let data = fields["data"] else { throw JobsError(.noSuchJob, "there is no job \(id)") }
        let statusText = text("status") ?? JobStatus.created.rawValue
        guard let status = JobStatus(rawValue: statusText) else {
            throw JobsError(.unreadable, "the job \(id) has the unknown status \"\(statusText.prefix(40))\"")
        }
        if let origin = text("origin") {
            queue = try QueueName(origin)
        } else if let fallback {
            queue = fallback
        } else {
            throw JobsError(.unreadable, "the job \(id) does not say its queue (origin)")
        }
        self.id = id
        self.data = data
        self.status = status
        description = text("description") ?? ""
        createdAt = time("created_at")
        enqueuedAt = time("enqueued_at")
        startedAt = time("started_at")
        endedAt = time("ended_at")
        workerName = text("worker_name") ?? ""
        timeout = Self.timeout(field: text("timeout"))
        resultTTL = Retention(field: text("result_ttl"))
        failureTTL = Retention(field: text("failure_ttl"))
        retriesLeft = text("retries_left").flatMap { Int($0) }
        retryIntervals = JSONList.integers(text("retry_intervals") ?? "")
        repeatsLeft = text("repeats_left").flatMap { Int($0) }
        dependencies = JSONList.texts(text("dependency_ids") ?? "").compactMap { try? JobID($0) }
        group = text("group_id").flatMap { try? GroupName($0) }
        uniqueKey = text(OwnField.uniqueKey)
        limit = JobLimit(text: text)
        meta = fields["meta"] ?? []
        executions = text(OwnField.executions).flatMap { Int($0) } ?? 0
        token = text(OwnField.token).flatMap { Int64($0) } ?? 0
        crashes = text(OwnField.crashes).flatMap { Int($0) } ?? 0
    }

    /// RQ's default where the field is missing: 180 s. Not positive means any time.
    static func timeout(field: String?) -> Duration? {
        guard let field, let seconds = Double(field), seconds.isFinite else { return .seconds(180) }
        return seconds <= 0 ? nil : .seconds(min(seconds, 1e9))
    }
}
