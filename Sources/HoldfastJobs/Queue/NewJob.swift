/// A job that is about to be enqueued: what to call, and how.
public struct NewJob: Sendable {
    public var payload: JobPayload
    public var options: JobOptions

    public init(_ payload: JobPayload, options: JobOptions = JobOptions()) {
        self.payload = payload
        self.options = options
    }

    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    public init(
        _ function: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:],
        options: JobOptions = JobOptions()
    ) throws(JobsError) {
        payload = try JobPayload(function: function, arguments: arguments, keywords: keywords)
        self.options = options
    }

    /// The bound of ``JobOptions/meta`` in JSON: 1 MiB.
    public static let maximumMetaBytes = 1 << 20
    static let maximumRetries = 10_000

    /// The fields of the job's hash, name and value in turn, but for the times, which the server's clock gives.
    func fields(queue: QueueName) throws(JobsError) -> [(String, [UInt8])] {
        func text(_ value: some StringProtocol) -> [UInt8] { Array(value.utf8) }
        if let limit = options.timeout, limit <= .zero {
            throw JobsError(.invalid, "a job's timeout must be longer than zero (nil means any time)")
        }
        var fields: [(String, [UInt8])] = [
            ("data", payload.field), ("origin", text(queue.text)),
            ("description", text(options.description ?? payload.summary)), ("group_id", []),
            ("timeout", text(String(options.timeout?.secondsRoundedUp ?? -1))),
            ("success_callback_name", []), ("failure_callback_name", []), ("stopped_callback_name", []),
            ("started_at", []), ("ended_at", []), ("last_heartbeat", []),
        ]
        if let ttl = options.resultTTL { fields.append(("result_ttl", text(String(ttl.seconds)))) }
        if let ttl = options.failureTTL { fields.append(("failure_ttl", text(String(ttl.seconds)))) }
        if let ttl = options.queueTTL {
            guard ttl > .zero else { throw JobsError(.invalid, "the time in the queue must be longer than zero") }
            fields.append(("ttl", text(String(ttl.secondsRoundedUp))))
        }
        if let retry = options.retry {
            guard (1...Self.maximumRetries).contains(retry.maximum), retry.intervals.count <= Self.maximumRetries,
                retry.intervals.allSatisfy({ $0 >= .zero })
            else {
                throw JobsError(
                    .invalid, "retries must be 1 to \(Self.maximumRetries), and their intervals not negative")
            }
            let intervals = (retry.intervals.isEmpty ? [.zero] : retry.intervals).map { String($0.secondsRoundedUp) }
            fields.append(("retries_left", text(String(retry.maximum))))
            fields.append(("retry_intervals", text("[\(intervals.joined(separator: ", "))]")))
        }
        if !options.meta.isEmpty {
            var parts: [[UInt8]] = []
            for (name, value) in options.meta.sorted(by: { $0.key < $1.key }) {
                let key = try JobPayload.encode(name, as: "a name in meta")
                parts.append(key + text(": ") + (try JobPayload.encode(value, as: "meta.\(name)")))
            }
            let json = text("{") + Array(parts.joined(separator: text(", "))) + text("}")
            guard json.count <= Self.maximumMetaBytes else {
                throw JobsError(.tooLarge, "a job's meta takes at most \(Self.maximumMetaBytes) bytes")
            }
            fields.append(("meta", json))
        }
        return fields
    }
}
