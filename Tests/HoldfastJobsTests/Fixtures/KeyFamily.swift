/// A kind of key, with `*` for the names in it: `rq:job:*:dependents`. Whoever adds a kind adds it here.
struct KeyFamily: Hashable, CustomStringConvertible {
    enum Expiry { case always, never, depends }

    let pattern: String

    /// Of the keys below the prefix `rq`.
    init(key: String) {
        let parts = key.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else {
            pattern = key
            return
        }
        let head = "\(parts[0]):\(parts[1]):*"
        if parts[1] == "hf" {
            // Ours: a kind, and for some a queue.
            let rest = parts[2].split(separator: ":", maxSplits: 1).map(String.init)
            let isPerQueue = ["keep", "ended", "due"].contains(rest[0])
            pattern = isPerQueue ? "\(parts[0]):hf:\(rest[0]):*" : key
        } else if parts[2].contains(":first_seen:") {
            pattern = "\(head):intermediate:first_seen:*"
        } else if let end = Self.endings.first(where: parts[2].hasSuffix) {
            pattern = head + end
        } else {
            pattern = head
        }
    }

    private init(_ pattern: String) { self.pattern = pattern }

    private static let endings = [
        ":dependents", ":dependencies", ":executions", ":intermediate", ":jobs", ":allowed", ":rate_limited",
    ]

    /// The name in place of the first `*`.
    func name(in key: String) -> String {
        let halves = pattern.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return key }
        var name = key.dropFirst(halves[0].count).dropLast(halves[1].count)
        // RQ's own spelling: rq:job::<id>:dependencies.
        if pattern == Self.dependencies.pattern, name.first == ":" { name = name.dropFirst() }
        return String(name)
    }

    var description: String { pattern }

    static let queue = KeyFamily("rq:queue:*")
    static let intermediate = KeyFamily("rq:queue:*:intermediate")
    static let job = KeyFamily("rq:job:*")
    static let dependents = KeyFamily("rq:job:*:dependents")
    static let dependencies = KeyFamily("rq:job:*:dependencies")
    static let results = KeyFamily("rq:results:*")
    static let wip = KeyFamily("rq:wip:*")
    static let lease = KeyFamily("rq:lease:*")
    static let executions = KeyFamily("rq:executions:*")
    static let execution = KeyFamily("rq:execution:*")
    static let worker = KeyFamily("rq:worker:*")
    static let workerExecutions = KeyFamily("rq:worker:*:executions")
    /// Ours: what a worker has taken.
    static let claims = KeyFamily("rq:claims:*")
    static let workersOfQueue = KeyFamily("rq:workers:*")

    /// RQ's limits: the jobs that hold a place, and those that wait for one.
    static let allowed = KeyFamily("rq:rl:*:allowed")
    static let rateLimited = KeyFamily("rq:rl:*:rate_limited")

    /// A queue's sorted sets of jobs, by what they are called.
    static let registries = ["finished", "failed", "deferred", "scheduled", "canceled", "ready"]
    static func registry(_ name: String) -> KeyFamily { KeyFamily("rq:\(name):*") }

    /// Every family that may be in a database: its type, and whether its keys expire.
    static let known: [KeyFamily: (type: String, expiry: Expiry)] = {
        var known: [KeyFamily: (String, Expiry)] = [
            queue: ("list", .never), intermediate: ("list", .never), job: ("hash", .depends),
            dependents: ("set", .depends), dependencies: ("set", .depends), results: ("stream", .depends),
            wip: ("zset", .never), lease: ("zset", .never), executions: ("zset", .always),
            execution: ("hash", .always), worker: ("hash", .always), workerExecutions: ("set", .always),
            claims: ("set", .depends), workersOfQueue: ("set", .never), allowed: ("zset", .never),
            rateLimited: ("zset", .never),
        ]
        for name in registries { known[registry(name)] = ("zset", .never) }
        let others: [(String, String, Expiry)] = [
            ("rq:queues", "set", .never), ("rq:workers", "set", .never), ("rq:suspended", "string", .depends),
            ("rq:completed:*", "list", .always), ("rq:paused:*", "string", .depends),
            ("rq:queue:*:intermediate:first_seen:*", "string", .always),
            ("rq:clean_registries:*", "string", .always), ("rq:clean_groups", "string", .always),
            ("rq:groups", "set", .never), ("rq:group:*", "set", .never),
            ("rq:scheduler-lock:*", "string", .always), ("rq:scheduler:*", "hash", .always),
            ("rq:cron_schedulers", "zset", .never), ("rq:cron_scheduler:*", "hash", .always),
            ("rq:cron_jobs", "zset", .never), ("rq:cron_job:*:jobs", "zset", .always),
            ("rq:hf:cron", "hash", .never), ("rq:hf:cron:next", "zset", .never), ("rq:hf:unique", "hash", .never),
            ("rq:hf:keep:*", "hash", .never), ("rq:hf:ended:*", "zset", .never),
            ("rq:rl-keys", "set", .never), ("rq:rl:*", "hash", .never), ("rq:hf:refill", "string", .always),
            ("rq:hf:due:*", "string", .always),
        ]
        for (pattern, type, expiry) in others { known[KeyFamily(pattern)] = (type, expiry) }
        return known
    }()
}
