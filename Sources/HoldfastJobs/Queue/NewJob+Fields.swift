import HoldfastRuntime

extension NewJob {
    /// The fields of the job's hash that most jobs of a batch share: all but ``data``, ``description``, and its state
    /// and times, which the server gives. Python's `rq` writes empty ones as well, for what is not there yet; its
    /// readers take a missing field for the same, and every field costs.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    func fields(queue: QueueName) throws(JobsError) -> [JobField] {
        try validate()
        var fields = [
            JobField("origin", queue.text), JobField("timeout", String(options.timeout?.secondsRoundedUp ?? -1)),
        ]
        if let group = options.group { fields.append(JobField("group_id", group.text)) }
        if let callback = options.onSuccess { fields += try callback.fields("success") }
        if let callback = options.onFailure { fields += try callback.fields("failure") }
        if let callback = options.onStopped { fields += try callback.fields("stopped") }
        if let ttl = options.resultTTL { fields.append(JobField("result_ttl", String(ttl.seconds))) }
        if let ttl = options.failureTTL { fields.append(JobField("failure_ttl", String(ttl.seconds))) }
        if let ttl = options.queueTTL { fields.append(JobField("ttl", String(ttl.secondsRoundedUp))) }
        if let retry = options.retry { fields += try retry.fields() }
        if let repetition = options.repetition { fields += try repetition.fields() }
        if let limit = options.limit { fields += try limit.fields() }
        if let unique = options.unique { fields.append(JobField(JobRecord.OwnField.uniqueKey, unique.text)) }
        if let first = options.dependencies.first {
            fields.append(JobField("dependency_ids", JSONList.write(plain: options.dependencies.map(\.text))))
            fields.append(JobField("dependency_id", first.text))
            if options.toleratesFailedDependencies { fields.append(JobField("allow_dependency_failures", "1")) }
        }
        // RQ moves a job to the front by this field when it enters its queue later.
        if options.atFront, options.start != nil || !options.dependencies.isEmpty || options.limit != nil {
            fields.append(JobField("enqueue_at_front", "1"))
        }
        if !options.meta.isEmpty { fields.append(JobField("meta", try metaField())) }
        if !options.webhooks.isEmpty { fields.append(JobField("webhooks", try webhooksField())) }
        return fields
    }

    /// What RQ's tools show.
    var description: String { options.description ?? payload.summary }

    private func validate() throws(JobsError) {
        try JobsError.require(
            options.timeout ?? .seconds(1) > .zero, "a job's timeout must be longer than zero (nil means any time)")
        try JobsError.require(options.queueTTL ?? .seconds(1) > .zero, "the time in the queue must be longer than zero")
        let dependencies = options.dependencies
        try JobsError.require(
            dependencies.count <= Self.maximumDependencies,
            "a job waits for at most \(Self.maximumDependencies) others, not \(dependencies.count)")
        try JobsError.require(
            dependencies.isEmpty || options.start == nil,
            "a job that waits for others cannot also have a time: give the time to the first of them")
        try JobsError.require(
            options.id.map(dependencies.contains) != true, "a job cannot wait for itself")
        if let key = options.unique?.text {
            try JobsError.require(
                (1...Self.maximumUniqueKeyBytes).contains(key.utf8.count),
                "a unique key takes 1 to \(Self.maximumUniqueKeyBytes) bytes")
        }
        if case .after(let span) = options.start {
            try JobsError.require(span >= .zero, "a delay must not be negative")
        }
    }

    private func metaField() throws(JobsError) -> String {
        var parts: [[UInt8]] = []
        for (name, value) in options.meta.sorted(by: { $0.key < $1.key }) {
            let key = try JobPayload.encode(name, as: "a name in meta")
            parts.append(key + Array(": ".utf8) + (try JobPayload.encode(value, as: "meta.\(name)")))
        }
        let json = Array("{".utf8) + Array(parts.joined(separator: Array(", ".utf8))) + Array("}".utf8)
        guard json.count <= Self.maximumMetaBytes else {
            throw JobsError(.tooLarge, "a job's meta takes at most \(Self.maximumMetaBytes) bytes")
        }
        return String(decoding: json, as: UTF8.self)
    }

    private func webhooksField() throws(JobsError) -> String {
        guard options.webhooks.count <= Self.maximumWebhooks else {
            throw JobsError(.invalid, "a job has at most \(Self.maximumWebhooks) webhooks")
        }
        for webhook in options.webhooks { try webhook.validate() }
        return String(decoding: try JobPayload.encode(options.webhooks, as: "the webhooks"), as: UTF8.self)
    }
}
