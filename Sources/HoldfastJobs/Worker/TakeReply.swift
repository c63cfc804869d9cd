import HoldfastRedis
import HoldfastRuntime

/// What ``JobScripts/take`` answers.
struct TakeReply {
    /// The queues from which nothing is taken, since they are paused; `*` for all.
    let closed: [Substring]
    let skipped: Int
    let trouble: RedisReply
    /// Whether jobs may be left that were not looked at.
    let isCut: Bool
    let executions: [Execution]

    /// The parts before the first queue's.
    private static let head = 5

    /// - Parameters:
    ///   - digits: Those that the call named: what the executions' ids begin with.
    ///   - sentAt: Before the call was sent, on this machine's clock.
    /// - Returns: nil when the reply has another shape.
    init?(_ reply: RedisReply, digits: String, sentAt: Instant, lease: Duration) {
        guard let parts = reply.array, parts.count >= Self.head, let closed = parts[0].text,
            let time = parts[2].text.flatMap(RQTime.parseSeconds), parts[3].text != nil
        else { return nil }
        self.closed = closed.split(separator: ",")
        skipped = Int(parts[1].integer ?? 0)
        trouble = parts[3]
        isCut = parts[4].integer == 1
        var executions: [Execution] = []
        var at = Self.head
        while at < parts.count {
            guard at + 1 < parts.count, let queue = parts[at].text.map(QueueName.init(unchecked:)),
                let number = parts[at + 1].integer.flatMap(Int.init(exactly:)),
                number > 0, number <= (parts.count - at - 2) / 4
            else { return nil }
            at += 2
            for _ in 0..<number {
                guard let job = parts[at].text, let data = parts[at + 1].bytes, let enqueued = parts[at + 2].text,
                    let terms = Execution.Terms(parts[at + 3])
                else { return nil }
                at += 4
                executions.append(
                    Execution(
                        queue: queue, job: JobID(unchecked: job),
                        id: JobScripts.executionID(digits, place: executions.count + 1), data: data,
                        waited: RQTime.parse(enqueued).map {
                            .microseconds(max(0, time.microseconds - $0.microseconds))
                        },
                        terms: terms, claimedAt: time, sentAt: sentAt, lease: lease))
            }
        }
        self.executions = executions
    }
}

extension Execution {
    /// What is told of an execution beside its call.
    struct Terms {
        let timeout: Duration?
        let token: Int64
        let attempt: Int
        let crashes: Int
        let keep: String

        /// Of most: what the take script need not say. RQ's defaults.
        static let usual = Terms(field: usualTimeout, token: 1, attempt: 1, crashes: 0, keep: usualKeep)
        static let usualTimeout = "180"
        static let usualKeep = "500"

        private init(field: String, token: Int64, attempt: Int, crashes: Int, keep: String) {
            timeout = JobRecord.timeout(field: field.isEmpty ? nil : field)
            self.token = token
            self.attempt = attempt
            self.crashes = crashes
            self.keep = keep
        }

        /// Nil when it has another shape.
        init?(_ reply: RedisReply) {
            guard let parts = reply.array else {
                guard reply.bytes == [] else { return nil }
                self = .usual
                return
            }
            guard parts.count == 5, let field = parts[0].text, let token = parts[1].integer,
                let attempt = parts[2].integer, let crashes = parts[3].integer, let keep = parts[4].text
            else { return nil }
            self.init(field: field, token: token, attempt: Int(attempt), crashes: Int(crashes), keep: keep)
        }
    }
}
