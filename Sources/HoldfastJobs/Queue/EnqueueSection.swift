import HoldfastRedis

/// Jobs that differ in no more than their ids, their calls and the descriptions of those: what they share travels once.
struct EnqueueSection {
    private let placement: [UInt8]
    private let shared: [RedisArgument]
    private var jobs: [RedisArgument] = []

    /// The arguments of ``JobScripts/enqueue`` behind the prefix.
    /// - Parameter trace: The producer's span, which the executions' will follow.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    static func arguments(
        queue: QueueName, _ jobs: some Sequence<(NewJob, JobID)>, trace: [UInt8]? = nil
    ) throws(JobsError) -> [RedisArgument] {
        var arguments = [RedisArgument(queue.text)]
        var current: EnqueueSection?
        for (job, id) in jobs {
            let fields = try EnqueueFields(job, queue: queue, trace: trace)
            let placement = try job.placement()
            if current?.placement != placement || current?.shared != fields.shared {
                arguments += current?.arguments ?? []
                current = EnqueueSection(placement: placement, shared: fields.shared)
            }
            current?.jobs += [RedisArgument(id.text), fields.data, fields.description]
        }
        return arguments + (current?.arguments ?? [])
    }

    private init(placement: [UInt8], shared: [RedisArgument]) {
        self.placement = placement
        self.shared = shared
    }

    private var arguments: [RedisArgument] {
        [RedisArgument(placement), RedisArgument(jobs.count / 3), RedisArgument(shared.count)] + shared + jobs
    }
}

/// A job's fields: its own two, and those that others have as well.
private struct EnqueueFields {
    var data: RedisArgument = ""
    var description: RedisArgument = ""
    var shared: [RedisArgument] = []

    init(_ job: NewJob, queue: QueueName, trace: [UInt8]?) throws(JobsError) {
        for (name, value) in try job.fields(queue: queue) {
            switch name {
            case "data": data = RedisArgument(value)
            case "description": description = RedisArgument(value)
            default: shared += [RedisArgument(name), RedisArgument(value)]
            }
        }
        if let trace { shared += [RedisArgument(TraceCarrier.field), RedisArgument(trace)] }
    }
}
