import HoldfastRuntime

extension NewJob {
    /// The fields of the job's hash but for its state and times, which the server gives. Python's `rq` writes empty
    /// ones as well, for what is not there yet; its readers take a missing field for the same, and every field costs.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    func fields(queue: QueueName) throws(JobsError) -> [(String, [UInt8])] {
        try validate()
        var texts = [
            ("origin", queue.text), ("description", options.description ?? payload.summary),
            ("timeout", String(options.timeout?.secondsRoundedUp ?? -1)),
        ]
        if let group = options.group { texts.append(("group_id", group.text)) }
        for (kind, callback) in [
            ("success", options.onSuccess), ("failure", options.onFailure), ("stopped", options.onStopped),
        ] {
            texts += try callback?.fields(kind) ?? []
        }
        if let ttl = options.resultTTL { texts.append(("result_ttl", String(ttl.seconds))) }
        if let ttl = options.failureTTL { texts.append(("failure_ttl", String(ttl.seconds))) }
        if let ttl = options.queueTTL { texts.append(("ttl", String(ttl.secondsRoundedUp))) }
        if let retry = options.retry { texts += try retry.fields() }
        if let repetition = options.repetition { texts += try repetition.fields() }
        if let limit = options.limit { texts += try limit.fields() }
        if let unique = options.unique { texts.append((JobRecord.OwnField.uniqueKey, unique.text)) }
        if let first = options.dependencies.first {
            texts.append(("dependency_ids", JSONList.write(plain: options.dependencies.map(\.text))))
            texts.append(("dependency_id", first.text))
            if options.toleratesFailedDependencies { texts.append(("allow_dependency_failures", "1")) }
        }
        // RQ moves a job to the front by this field when it enters its queue later.
        if options.atFront, options.start != nil || !options.dependencies.isEmpty || options.limit != nil {
            texts.append(("enqueue_at_front", "1"))
        }
        var fields = [("data", payload.field)] + texts.map { ($0.0, Array($0.1.utf8)) }
        if !options.meta.isEmpty { fields.append(("meta", try metaField())) }
        if !options.webhooks.isEmpty { fields.append(("webhooks", try webhooksField())) }
        return fields
    }

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

    private func metaField() throws(JobsError) -> [UInt8] {
        var parts: [[UInt8]] = []
        for (name, value) in options.meta.sorted(by: { $0.key < $1.key }) {
            let key = try JobPayload.encode(name, as: "a name in meta")
            parts.append(key + Array(": ".utf8) + (try JobPayload.encode(value, as: "meta.\(name)")))
        }
        let json = Array("{".utf8) + Array(parts.joined(separator: Array(", ".utf8))) + Array("}".utf8)
        guard json.count <= Self.maximumMetaBytes else {
            throw JobsError(.tooLarge, "a job's meta takes at most \(Self.maximumMetaBytes) bytes")
        }
        return json
    }

    private func webhooksField() throws(JobsError) -> [UInt8] {
        guard options.webhooks.count <= Self.maximumWebhooks else {
            throw JobsError(.invalid, "a job has at most \(Self.maximumWebhooks) webhooks")
        }
        for webhook in options.webhooks { try webhook.validate() }
        return try JobPayload.encode(options.webhooks, as: "the webhooks")
    }
}
