/// The rules about who runs what.
extension Judge {
    mutating func judgeExecutions() {
        var running: Set<String> = []
        for (queue, registry) in snapshot.all(.wip) {
            running.formUnion(registry.members)
            let leases = snapshot["rq:lease:\(queue)"]
            for member in registry.members {
                let (job, execution) = Self.halves(member)
                let record = snapshot["rq:execution:\(member)"]
                let worker = record?.fields["worker_name"] ?? ""
                // RQ's records are made together, by the first renewal; until then the job names its execution.
                let isRecorded = snapshot["rq:executions:\(job)"]?.members.contains(execution) == true
                expect(
                    isRecorded != worker.isEmpty, .execution, "\(member) has one of its records and not the other")
                let isNamed = snapshot.field("rq:job:\(job)", "hf_execution") == "\(queue):\(execution)"
                expect(isRecorded || isNamed, .execution, "\(member) runs and its job does not know")
                // Python's workers know no leases; their score in rq:wip is all there is.
                if let end = leases?.scores[member], let score = registry.scores[member] {
                    expect(end <= score, .execution, "the lease of \(member) outlasts its entry in rq:wip")
                } else {
                    let isPython = snapshot.field("rq:worker:\(worker)", "python_version")?.first?.isNumber == true
                    expect(isPython, .execution, "\(member) runs without a lease")
                }
                if !worker.isEmpty, snapshot["rq:worker:\(worker)"] != nil {
                    let own = snapshot["rq:worker:\(worker):executions"]?.members ?? []
                    expect(own.contains(member), .execution, "\(member) runs and its worker \(worker) does not know")
                }
            }
        }
        for (queue, leases) in snapshot.all(.lease) {
            for member in leases.members where !running.contains(member) {
                expect(false, .execution, "\(member) has a lease in \(queue) and does not run")
            }
        }
        for (member, _) in snapshot.all(.execution) where !running.contains(member) {
            expect(false, .execution, "the record of the execution \(member) is left over")
        }
        for (job, registry) in snapshot.all(.executions) {
            for execution in registry.members where !running.contains("\(job):\(execution)") {
                expect(false, .execution, "\(job) knows the execution \(execution), which does not run")
            }
        }
        for (worker, own) in snapshot.all(.workerExecutions) + snapshot.all(.claims) {
            for member in own.members where !running.contains(member) {
                expect(false, .execution, "the worker \(worker) holds \(member), which does not run")
            }
        }
    }

    mutating func judgeWorkers() {
        let listed = Set(snapshot["rq:workers"]?.members ?? [])
        for key in listed {
            expect(snapshot[key] != nil, .worker, "rq:workers names \(key), which has no record")
        }
        for (queue, workers) in snapshot.all(.workersOfQueue) {
            for key in workers.members {
                expect(listed.contains(key), .worker, "\(key) is listed for \(queue) and not in rq:workers")
            }
        }
        for (name, worker) in snapshot.all(.worker) where worker.fields["death"] == nil {
            let key = "rq:worker:\(name)"
            expect(listed.contains(key), .worker, "the live worker \(name) is not in rq:workers")
            for queue in (worker.fields["queues"] ?? "").split(separator: ",") {
                let isListed = snapshot["rq:workers:\(queue)"]?.members.contains(key) == true
                expect(isListed, .worker, "the live worker \(name) is not listed for \(queue)")
            }
        }
        for (name, worker) in snapshot.all(.worker) where worker.fields["death"] != nil {
            expect(!listed.contains("rq:worker:\(name)"), .worker, "the dead worker \(name) is in rq:workers")
        }
    }
}
