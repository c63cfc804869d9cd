import HoldfastRuntime

/// The rules about what a job leaves behind, and what waits for it.
extension Judge {
    mutating func judgeDependencies() {
        for (child, job) in snapshot.all(.job) where job.fields["status"] == "deferred" {
            let parents = snapshot["rq:job::\(child):dependencies"]?.members ?? []
            let toleratesFailure = job.fields["allow_dependency_failures"] == "1"
            let holding = parents.filter { parent in
                guard let status = snapshot.field("rq:job:\(parent)", "status") else { return false }
                return status != "finished" && !(status == "failed" && toleratesFailure)
            }
            expect(!holding.isEmpty, .dependency, "the job \(child) is deferred and nothing holds it: \(parents)")
            for parent in holding {
                let isKnown = snapshot["rq:job:\(parent):dependents"]?.members.contains(child) == true
                expect(isKnown, .dependency, "the job \(child) waits for \(parent), which does not know")
            }
        }
    }

    mutating func judgeRetention() {
        for (id, job) in snapshot.all(.job) {
            let status = job.fields["status"] ?? "created"
            switch status {
            case "finished":
                let isForever = job.fields["result_ttl"]?.hasPrefix("-") == true
                expect(
                    (job.ttl == nil) == isForever, .expiry, "the finished job \(id) has the TTL \(Self.text(job.ttl))")
            case "failed", "stopped":
                let isForever = job.fields["failure_ttl"]?.hasPrefix("-") == true
                expect(
                    (job.ttl == nil) == isForever, .expiry, "the \(status) job \(id) has the TTL \(Self.text(job.ttl))")
            case "started":
                expect(job.ttl == nil, .expiry, "the job \(id) runs and will expire")
            case "queued", "deferred", "scheduled", "rate_limited":
                let mayExpire = job.fields["ttl"] != nil
                expect(job.ttl == nil || mayExpire, .expiry, "the job \(id) is \(status) and will expire")
            default: break
            }
            // RQ itself lets the results of failures stay unless it is told how long.
            let isOurs = job.fields["hf_completed_by"] != nil || status == "finished"
            guard ["finished", "failed", "stopped"].contains(status), isOurs, job.ttl != nil else { continue }
            for key in ["rq:results:\(id)", "rq:job:\(id):dependents", "rq:job::\(id):dependencies"] {
                let outlives = snapshot[key].map { $0.ttl == nil } ?? false
                expect(!outlives, .expiry, "\(key) would outlive its job")
            }
        }
        for family in [KeyFamily.results, .dependents, .dependencies] {
            for (id, entry) in snapshot.all(family) where snapshot["rq:job:\(id)"] == nil {
                // Both expire in the same second, not at the same moment.
                let isEnding = entry.ttl.map { $0 < .seconds(2) } ?? false
                expect(isEnding, .dangling, "there is a \(family) of \(id), which has no record")
            }
        }
    }

    /// No limit lets in more than it says, and who has a limit and waits or runs holds a place of it. A place may
    /// outlast its job until the next maintenance.
    mutating func judgeLimits() {
        for (key, places) in snapshot.all(.allowed) {
            let limit = snapshot.field("rq:rl:\(key)", "concurrency").flatMap { Int($0) } ?? 0
            let jobs = places.members.filter { id in
                ["queued", "started"].contains(snapshot.field("rq:job:\(id)", "status") ?? "")
            }
            expect(jobs.count <= limit, .limit, "\(jobs.count) jobs hold places of \(key), which has \(limit)")
        }
        for (id, job) in snapshot.all(.job) {
            guard let key = job.fields["rate_limit_key"], ["queued", "started"].contains(job.fields["status"] ?? "")
            else { continue }
            let holds = snapshot["rq:rl:\(key):allowed"]?.members.contains(id) == true
            expect(holds, .limit, "the job \(id) is \(job.fields["status"] ?? "") without a place of \(key)")
        }
    }

    private static func text(_ ttl: Duration?) -> String { ttl.map { "\($0.milliseconds) ms" } ?? "none" }
}
