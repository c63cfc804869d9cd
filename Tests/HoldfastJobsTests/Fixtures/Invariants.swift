import HoldfastRedis

@testable import HoldfastJobs

/// Judges a whole database: every job is exactly where its status says, and nothing refers to what is not there.
///
/// Nobody may work on it meanwhile. ``InvariantTests`` shows each rule a database that breaks it.
struct Invariants {
    enum Rule: String, Sendable, CaseIterable {
        /// A job in the wrong place, in none, or in two.
        case place
        /// A list, registry or stream that names a job which has no record.
        case dangling
        /// An execution whose parts disagree.
        case execution
        /// A job that waits for what does not hold it, or is not known to what does.
        case dependency
        /// A key that expires although it must stay, or stays although it must expire.
        case expiry
        /// More jobs on than their limit allows, or one without a place.
        case limit
        /// A worker that is on one list and not on another, or on a list without a record.
        case worker
        /// A queue that holds jobs and is not listed.
        case unlisted
        /// A key of a kind that nobody knows, of another type than its kind, or a record without its data.
        case stray
    }

    struct Violation: Hashable { let rule: Rule, what: String }

    let client: RedisClient

    func violations() async throws -> [Violation] { Judge(try await Snapshot.read(client)).violations() }
}

/// The rules, over a snapshot.
struct Judge {
    typealias Rule = Invariants.Rule

    let snapshot: Snapshot
    private var found: [Invariants.Violation] = []

    init(_ snapshot: Snapshot) { self.snapshot = snapshot }

    func violations() -> [Invariants.Violation] {
        var judge = self
        judge.judgeKeys()
        judge.judgePlaces()
        judge.judgeExecutions()
        judge.judgeDependencies()
        judge.judgeRetention()
        judge.judgeLimits()
        judge.judgeWorkers()
        return judge.found
    }

    mutating func expect(_ condition: Bool, _ rule: Rule, _ what: @autoclosure () -> String) {
        if !condition { found.append(.init(rule: rule, what: what())) }
    }

    private mutating func judgeKeys() {
        for (key, entry) in snapshot.entries {
            let family = KeyFamily(key: key)
            guard let known = KeyFamily.known[family] else {
                expect(false, .stray, "the key \(key) is of no known kind (\(family)): see KeyFamily.known")
                continue
            }
            expect(known.type == entry.type, .stray, "\(key) is a \(entry.type), not a \(known.type)")
            if known.expiry == .always { expect(entry.ttl != nil, .expiry, "\(key) would stay for ever") }
            if known.expiry == .never { expect(entry.ttl == nil, .expiry, "\(key) will expire") }
        }
    }

    private struct Place: Hashable, CustomStringConvertible {
        let registry: String, queue: String
        var description: String { "\(registry) of \(queue)" }
    }

    /// Where a job of a status belongs; RQ keeps what was stopped among the failed.
    private static let homes = [
        "queued": "queue", "started": "wip", "finished": "finished", "failed": "failed", "stopped": "failed",
        "deferred": "deferred", "scheduled": "scheduled", "canceled": "canceled", "ready_to_enqueue": "ready",
        "rate_limited": "rate_limited",
    ]

    private mutating func judgePlaces() {
        var places = collectPlaces()
        for (id, job) in snapshot.all(.job) {
            let place = places.removeValue(forKey: id) ?? []
            expect(job.fields["data"] != nil, .stray, "the record of \(id) has no data")
            let origin = job.fields["origin"]
            let status = job.fields["status"] ?? "created"
            if let home = Self.homes[status] {
                let isHome = place.map(\.registry) == [home] && place[0].queue == origin ?? place[0].queue
                expect(isHome, .place, "the job \(id) of \(origin ?? "no queue") is \(status) and is in \(place)")
            } else {
                // Being made, or a hand-written record that RQ's workers take all the same.
                let isHome = place.isEmpty || place.map(\.registry) == ["queue"]
                expect(isHome, .place, "the job \(id) is \(status) and is in \(place)")
            }
        }
        for (id, place) in places {
            expect(false, .dangling, "\(place) names \(id), which has no record")
        }
    }

    private mutating func collectPlaces() -> [String: [Place]] {
        var places: [String: [Place]] = [:]
        let listed = Set(snapshot["rq:queues"]?.members ?? [])
        func add(_ id: String, _ registry: String, _ queue: String) {
            places[id, default: []].append(Place(registry: registry, queue: queue))
        }
        var queues: Set<String> = []
        for family in [KeyFamily.queue, .intermediate] {
            for (queue, list) in snapshot.all(family) {
                queues.insert(queue)
                for id in list.members { add(id, "queue", queue) }
            }
        }
        for (queue, running) in snapshot.all(.wip) {
            queues.insert(queue)
            for member in running.members { add(Self.halves(member).job, "wip", queue) }
        }
        for (_, waiting) in snapshot.all(.rateLimited) {
            for id in waiting.members {
                add(id, "rate_limited", snapshot.field("rq:job:\(id)", "origin") ?? "")
            }
        }
        for registry in KeyFamily.registries {
            for (queue, jobs) in snapshot.all(.registry(registry)) {
                queues.insert(queue)
                for id in jobs.members {
                    // A record expires by itself, its entry goes with the next maintenance.
                    let isOver =
                        ["finished", "failed"].contains(registry) && (jobs.scores[id] ?? 0) <= snapshot.time + 1
                    if isOver && snapshot["rq:job:\(id)"] == nil { continue }
                    add(id, registry, queue)
                }
            }
        }
        for queue in queues where !listed.contains("rq:queue:\(queue)") {
            expect(false, .unlisted, "the queue \(queue) holds jobs and is not in rq:queues")
        }
        return places
    }

    static func halves(_ member: String) -> (job: String, execution: String) {
        let halves = member.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (halves[0], halves.count == 2 ? halves[1] : "")
    }
}
