import HoldfastRedis

/// Jobs that differ in no more than their ids, their calls and the descriptions of those: what they share travels once.
struct EnqueueSection {
    private var placement: [UInt8] = []
    private var shared = RedisArguments()
    private var jobs = RedisArguments()

    /// The arguments of ``JobScripts/enqueue``.
    /// - Parameter trace: The producer's span, which the executions' will follow.
    /// - Throws: ``JobsError`` with `invalid`, `unreadable` or `tooLarge`.
    static func arguments(
        prefix: String, queue: QueueName, _ jobs: some Sequence<(NewJob, JobID)>, trace: [UInt8]? = nil
    ) throws(JobsError) -> RedisArguments {
        var arguments = RedisArguments()
        arguments.append(prefix)
        arguments.append(queue.text)
        var section = EnqueueSection()
        // Of one job; written for each, and kept only where it differs from the one before.
        var shared = RedisArguments()
        for (job, id) in jobs {
            let placement = try job.placement()
            shared.removeAll()
            for field in try job.fields(queue: queue) {
                shared.append(field.name)
                shared.append(field.value)
            }
            if let trace {
                shared.append(TraceCarrier.field)
                shared.append(trace)
            }
            if section.placement != placement || section.shared != shared {
                section.end(in: &arguments)
                (section.placement, section.shared) = (placement, shared)
            }
            section.jobs.append(id.text)
            section.jobs.append(job.payload.field)
            section.jobs.append(job.description)
        }
        section.end(in: &arguments)
        return arguments
    }

    private mutating func end(in arguments: inout RedisArguments) {
        guard jobs.count > 0 else { return }
        arguments.append(placement)
        arguments.append(jobs.count / 3)
        arguments.append(shared.count)
        arguments.append(contentsOf: shared)
        arguments.append(contentsOf: jobs)
        jobs.removeAll()
    }
}
