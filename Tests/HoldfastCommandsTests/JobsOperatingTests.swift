import Foundation
import HoldfastCluster
import HoldfastHTTP
import HoldfastProcess
import HoldfastRuntime
import TestWorld
import Testing

@testable import HoldfastCommands

/// The commands of an operator, as a user runs them: `job`, `queue`, `failed`, `workers`, `pool` and programs.
@Suite("Operating jobs", .timeLimit(.minutes(2)))
struct JobsOperatingTests {
    private struct Store {
        let url: String
        let directory: String

        func run(_ arguments: String...) async throws -> Invocation { try await holdfast(at(arguments)) }

        func start(_ arguments: String...) async throws -> Running { try await Running(at(arguments)) }

        /// Before a `--`, behind which all belongs to the command.
        private func at(_ arguments: [String]) -> [String] {
            let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
            return arguments[..<end] + ["--store", url] + arguments[end...]
        }

        func script(_ name: String, _ text: String) throws -> String {
            let path = "\(directory)/\(name)"
            try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            return path
        }
    }

    private func withStore(_ body: (Store) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            try await body(Store(url: cluster.storeURLs[0], directory: cluster.directory))
        }
    }

    private func object(_ line: String?) throws -> [String: Any] {
        let line = try #require(line)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }

    /// Reads on until an event of this name.
    private func event(_ name: String, of running: inout Running) async throws -> [String: Any] {
        while true {
            let object = try object(try await running.line())
            if object["event"] as? String == name { return object }
        }
    }

    @Test func cronEntriesAreDefinedListedObeyedAndRemoved() async throws {
        try await withStore { store in
            let none = try await store.run("cron", "list")
            #expect(none.status == .exited(0) && none.output.contains("cron set"), "\(none)")
            let set = try await store.run(
                "cron", "set", "tick", "@every 1s", "q", "holdfast.echo", #""7""#, "--retries", "2")
            #expect(set.status == .exited(0), "\(set)")
            let listed = try await store.run("cron", "list", "--json")
            #expect(listed.output.contains(#""name" : "tick""#) && listed.output.contains("holdfast.echo("))
            var scheduler = try await store.start("cron", "run", "--json")
            let enqueued = try await event("enqueued", of: &scheduler)
            scheduler.child.signal(.interrupt)
            #expect(await scheduler.child.wait() == .exited(130))
            let job = try #require(enqueued["job"] as? String)
            let worker = try await store.run("worker", "q", "--burst", "--quiet")
            #expect(worker.status == .exited(0), "\(worker)")
            let result = try await store.run("job", "wait", job)
            #expect(result.status == .exited(0) && result.output == #""7""#, "\(result)")
            #expect(try await store.run("cron", "remove", "tick").status == .exited(0))
            #expect(try await store.run("cron", "remove", "tick").status == .exited(1))
            let wrong = try await store.run("cron", "set", "x", "61 * * * *", "q", "f")
            #expect(wrong.status == .exited(2), "\(wrong)")
        }
    }

    @Test func whatEnqueueAndWorkerAreToldIsDone() async throws {
        try await withStore { store in
            let first = try await store.run("enqueue", "q", "holdfast.echo", #""1""#, "--unique", "k", "--retries", "2")
            let second = try await store.run("enqueue", "q", "holdfast.echo", #""2""#, "--unique", "k")
            #expect(first.status == .exited(0) && second.status == .exited(1), "\(second)")
            let adopted = try await store.run("enqueue", "q", "holdfast.echo", #""3""#, "--unique", "k", "--adopt")
            #expect(adopted.output == first.output)
            let child = try await store.run("enqueue", "q", "holdfast.echo", #""4""#, "--depends-on", first.output)
            let later = try await store.run("enqueue", "q", "holdfast.echo", #""5""#, "--in", "1h")
            #expect(child.status == .exited(0) && later.status == .exited(0))
            let wrong = try await store.run("enqueue", "q", "f", "--adopt")
            #expect(wrong.status == .exited(2), "\(wrong)")

            _ = try await store.run("queue", "pause", "q")
            _ = try await store.run("worker", "q", "--burst", "--quiet")
            let paused = try await store.run("job", "wait", first.output, "--patience", "100ms")
            #expect(paused.status == .exited(75), "a paused queue is left alone: \(paused)")
            _ = try await store.run("queue", "resume", "q")

            let one = try await store.run("worker", "q", "p", "--max-jobs", "1", "--order", "random", "--quiet")
            #expect(one.status == .exited(0), "\(one)")
            #expect(try await store.run("job", "wait", first.output).output == #""1""#)
            let rest = try await store.run(
                "worker", "q", "p", "--max-idle", "1s", "--order", "weighted", "--weights", "2,1", "--quiet")
            #expect(rest.status == .exited(0), "\(rest)")
            #expect(try await store.run("job", "wait", child.output).output == #""4""#)
            let unweighted = try await store.run("worker", "q", "--order", "weighted")
            #expect(unweighted.status == .exited(2), "\(unweighted)")
        }
    }

    @Test func aProgramServesAQueueAndDiesWithItsWorker() async throws {
        try await withStore { store in
            let add = try store.script("add", #"sed -E 's/.*\[ *([0-9]+), *([0-9]+)\].*/\1 + \2/' | xargs expr"#)
            let hang = try store.script("hang", "sleep 1000 & echo $! > \(store.directory)/pid; wait")
            var worker = try await store.start(
                "worker", "q", "--json", "--handler", "tasks.add=\(add)", "--handler", "hang='\(hang)' now")
            defer { worker.child.signal(.kill) }
            _ = try await event("started", of: &worker)
            let sum = try await store.run("enqueue", "q", "tasks.add", "40", "2", "--wait")
            #expect(sum.status == .exited(0) && sum.output == "42", "\(sum)")
            _ = try await store.run("enqueue", "q", "hang")
            try await waitForFile("\(store.directory)/pid")
            let pid = try #require(
                Int32(
                    try String(contentsOfFile: "\(store.directory)/pid", encoding: .utf8)
                        .trimmingCharacters(in: .whitespacesAndNewlines)))
            let grandchild = try #require(ProcessIdentity(pid: pid))
            worker.child.signal(.kill)
            try await grandchild.waitForEnd()
        }
    }

    private func waitForFile(_ path: String) async throws {
        while (try? String(contentsOfFile: path, encoding: .utf8))?.contains("\n") != true {
            try await LiveRuntime().sleep(for: .milliseconds(10))
        }
    }

    @Test func commandsRunWhereTheyAreAllowed() async throws {
        try await withStore { store in
            let refused = try await store.run("enqueue", "q", "--id", "no", "--", "touch", "\(store.directory)/never")
            #expect(refused.output == "no", "\(refused)")
            _ = try await store.run("worker", "q", "--burst")
            let reason = try await store.run("job", "wait", "no")
            #expect(reason.status == .exited(1) && reason.error.contains("--allow-commands"), "\(reason)")
            #expect(!FileManager.default.fileExists(atPath: "\(store.directory)/never"))

            _ = try await store.run("enqueue", "q", "--id", "yes", "--", "sh", "-c", "echo $HOLDFAST_JOB_ID --store")
            _ = try await store.run("worker", "q", "--burst", "--allow-commands")
            let result = try await store.run("job", "wait", "yes")
            #expect(result.output.contains(#""output":"yes --store\n""#), "\(result)")
        }
    }

    @Test func jobsAreShownCanceledRequeuedAndDeleted() async throws {
        try await withStore { store in
            _ = try await store.run("enqueue", "q", "holdfast.sleep", "--id", "a", "--retries", "2", "--", "-1")
            _ = try await store.run("enqueue", "q", "holdfast.echo", #""b""#, "--id", "b")
            let shown = try await store.run("job", "show", "b")
            for words in ["status      queued", "place       1 before it", #"holdfast.echo("b")"#] {
                #expect(shown.output.contains(words), "\(shown.output)")
            }
            #expect(try await store.run("job", "cancel", "b").output == "b canceled")
            let twice = try await store.run("job", "cancel", "b")
            #expect(twice.status == .exited(1) && twice.error.contains("is canceled already"))
            _ = try await store.run("worker", "q", "--burst")

            let list = try await store.run("failed", "list", "q")
            #expect(list.output.contains("holdfast.sleep takes 0 to 86400.0 seconds, not -1.0"), "\(list.output)")
            let other = try await store.run("failed", "requeue", "p", "a")
            #expect(other.status == .exited(1) && other.error.contains("not one of the queue p"))
            #expect(try await store.run("failed", "requeue", "q", "--all").output == "1 requeued")
            let again = try await store.run("job", "requeue", "a")
            #expect(again.status == .exited(1) && again.error.contains("is queued: only failed jobs are requeued"))
            let json = try await store.run("job", "show", "a", "--json")
            let record = try object(json.output)
            #expect(record["status"] as? String == "queued" && record["retriesLeft"] as? Int == 2)
            #expect(try await store.run("queue", "empty", "q").output == "1")
            #expect(try await store.run("job", "delete", "b").output == "b deleted")
            let gone = try await store.run("job", "show", "b")
            #expect(gone.status == .exited(1) && gone.error.hasPrefix("holdfast: there is no job b"), "\(gone)")
            #expect(try await store.run("queue", "list").output == "q")
            #expect(try await store.run("failed", "list", "q").output == "no failed jobs")
            let late = try await store.run("enqueue", "q", "f", "--wait", "--patience", "10ms")
            #expect(late.status == .exited(75))
        }
    }

    @Test func aRunningJobIsStoppedAndItsWorkerToldToEnd() async throws {
        try await withStore { store in
            var worker = try await store.start("worker", "q", "--json", "--name", "w")
            defer { worker.child.signal(.kill) }
            _ = try await event("started", of: &worker)
            _ = try await store.run("enqueue", "q", "holdfast.sleep", "3600", "--id", "long", "--retries", "5")
            _ = try await event("taken", of: &worker)
            #expect(try await store.run("job", "stop", "long").output == "long stopped")
            let waited = try await store.run("job", "wait", "long")
            #expect(waited.status == .exited(1) && waited.error.contains("stopped on request"))
            // A worker that has taken a job listens by the time that it has been told to stop it, or soon after.
            while try await store.run("workers", "shutdown", "w").status != .exited(0) {}
            let stopped = try await event("stopped", of: &worker)
            #expect((stopped["counters"] as? [String: Any])?["finished"] as? Int == 0)
            #expect(await worker.child.wait() == .exited(0))
            let nobody = try await store.run("workers", "kill", "w")
            #expect(nobody.status == .exited(1) && nobody.error.contains("no worker named w listens"))
        }
    }

    @Test func aKilledWorkerOfAPoolIsReplacedAndTheSumIsTold() async throws {
        try await withStore { store in
            var pool = try await store.start("pool", "q", "--workers", "2", "--name", "p", "--json", "--lease", "1s")
            defer { pool.child.signal(.kill) }
            var names: Set<String> = []
            while names.count < 2 {
                names.insert(try #require(try await event("started", of: &pool)["worker"] as? String))
            }
            #expect(names == ["p.1", "p.2"])
            let info = try await store.run("info", "--json")
            let workers = try #require(try object(info.output)["workers"] as? [[String: Any]])
            let pid = try #require(workers.first { $0["name"] as? String == "p.1" }?["pid"] as? Int)
            let victim = try #require(ProcessIdentity(pid: Int32(pid)))
            victim.signal(.kill)
            let respawn = try await event("respawning", of: &pool)
            #expect(respawn["reason"] as? String == "ended by SIGKILL, after 500ms")
            #expect(try await event("started", of: &pool)["worker"] as? String == "p.1.2")
            for text in ["a", "b", "c"] {
                let echo = try await store.run("enqueue", "q", "holdfast.echo", "\"\(text)\"", "--wait")
                #expect(echo.output == "\"\(text)\"")
            }
            pool.child.signal(.terminate)
            let end = try await event("pool-stopped", of: &pool)
            #expect((end["counters"] as? [String: Any])?["finished"] as? Int == 3)
            #expect(end["respawned"] as? Int == 1 && end["lost"] as? Int == 1)
            #expect(await pool.child.wait() == .exited(0))
            // Nothing of it is left.
            #expect(try await store.run("info").output.contains("p.2") == false)
        }
    }

    @Test func thePoolsWorkersDieWithAKilledPool() async throws {
        try await withStore { store in
            var pool = try await store.start("pool", "q", "--name", "p", "--json")
            for _ in 0..<2 { _ = try await event("started", of: &pool) }
            let info = try await store.run("info", "--json")
            let workers = try #require(try object(info.output)["workers"] as? [[String: Any]])
            let identities = workers.compactMap { ($0["pid"] as? Int).flatMap { ProcessIdentity(pid: Int32($0)) } }
            #expect(identities.count == 2)
            pool.child.signal(.kill)
            for identity in identities { try await identity.waitForEnd() }
        }
    }

    @Test func aBurstPoolEndsWithTheQueueAndSaysSo() async throws {
        try await withStore { store in
            for number in 0..<5 { _ = try await store.run("enqueue", "q", "holdfast.echo", "\"\(number)\"") }
            let pool = try await store.run("pool", "q", "--burst", "--workers", "3")
            #expect(pool.status == .exited(0))
            #expect(pool.output.contains("3 workers, 0 started again: 5 finished, 0 failed"), "\(pool.output)")
        }
    }

    @Test func whoeverWatchesSeesChanges() async throws {
        try await withStore { store in
            var watch = try await store.start("info", "--watch", "--json", "--interval", "100ms")
            defer { watch.child.signal(.kill) }
            #expect((try object(try await watch.line())["queues"] as? [Any])?.isEmpty == true)
            _ = try await store.run("enqueue", "q", "f")
            var latency: Double?
            while latency == nil {
                let queues = try object(try await watch.line())["queues"] as? [[String: Any]]
                latency = queues?.first?["latency"] as? Double
            }
            watch.child.signal(.interrupt)
            #expect(try await watch.end().status == .exited(130))
        }
    }

    @Test func prometheusFindsTheMetricsOfAWorker() async throws {
        try await withStore { store in
            var worker = try await store.start("worker", "q", "--json", "--metrics-port", "0")
            defer { worker.child.signal(.kill) }
            let url = try #require(try await event("metrics", of: &worker)["url"] as? String)
            for _ in 0..<2 { _ = try await store.run("enqueue", "q", "holdfast.echo", #""a""#, "--wait") }
            _ = try await store.run("enqueue", "q", "no.such", "--wait")
            _ = try await event("failed", of: &worker)
            let client = HTTPClient()
            let text = try await client.send(HTTPRequest(.get, url)).text
            await client.close()
            for line in [
                #"holdfast_job_executions_total{outcome="finished",queue="q"} 2"#,
                #"holdfast_job_executions_total{outcome="failed",queue="q"} 1"#,
                #"holdfast_job_run_seconds_count{queue="q"} 3"#,
                #"holdfast_job_queue_jobs{queue="q",state="failed"} 1"#,
                #"holdfast_job_workers{state="idle"} 1"#, "# TYPE holdfast_job_run_seconds histogram",
            ] { #expect(text.contains(line + "\n"), "\(line) is not in \(text)") }
            let port = try #require(url.split(separator: ":").last?.split(separator: "/").first.map(String.init))
            let taken = try await store.run("worker", "q", "--metrics-port", port)
            #expect(taken.status == .exited(69) && taken.error.contains("metrics cannot be served"), "\(taken)")
            worker.child.signal(.terminate)
            #expect(await worker.child.wait() == .exited(0))
        }
    }

    @Test(arguments: [
        ["worker", "q", "--handler", "f"], ["worker", "q", "--handler", "f="], ["worker", "q", "--handler", "=cat"],
        ["worker", "q", "--handler", "f=no-such-program"], ["worker", "q", "--handler", "f='cat"],
        ["worker", "q", "--handler", "f=cat", "--handler", "f=cat"], ["worker", "q", "--handler", "holdfast.echo=cat"],
        ["pool", "q", "--workers", "0"], ["pool", "q", "--workers", "300"], ["pool", "q", "--lease", "1ms"],
        ["pool", "q", "--name", "a b"], ["job"], ["job", "show"], ["job", "show", "a:b"], ["job", "cancel"],
        ["queue", "pause"], ["queue", "pause", "q", "--all"], ["queue", "resume"],
        ["queue", "pause", "q", "--for", "0"],
        ["queue", "empty", "a b"], ["failed", "requeue", "q"], ["failed", "list", "q", "--limit", "0"],
        ["enqueue", "q"], ["enqueue", "q", "f", "--", "cat"], ["enqueue", "q", "--"], ["info", "--interval", "1ms"],
        ["enqueue", "q", "--kwargs", "{}", "--", "cat"], ["worker", "q", "--metrics-port", "65536"],
        ["pool", "q", "--metrics-port", "65535"],
    ])
    func wrongArgumentsAreRefused(_ arguments: [String]) async throws {
        try await withStore { store in
            let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
            let ended = try await holdfast(arguments[..<end] + ["--store", store.url] + arguments[end...])
            #expect(ended.status == .exited(2), "\(ended)")
            #expect(ended.error.hasPrefix("holdfast: ") || ended.error.hasPrefix("OVERVIEW"), "\(ended)")
        }
    }

    @Test func theDelayOfARespawnGrowsAndIsForgotten() {
        var policy = RespawnPolicy()
        func after(_ status: HoldfastProcess.ExitStatus, _ lived: Duration = .zero) -> RespawnPolicy.Decision {
            policy.decide(status, lived: lived, isEnding: false, burst: false)
        }
        #expect(after(.signalled(9)) == .respawn(after: .milliseconds(500)))
        #expect(after(.exited(1)) == .respawn(after: .seconds(1)))
        for _ in 0..<10 { _ = after(.signalled(9)) }
        #expect(after(.signalled(9)) == .respawn(after: .seconds(30)))
        #expect(after(.signalled(9), .seconds(31)) == .respawn(after: .milliseconds(500)))
        #expect(after(.exited(0)) == .respawn(after: .zero))
        #expect(after(.exited(2)) == .giveUp)
        #expect(policy.decide(.exited(0), lived: .zero, isEnding: false, burst: true) == .done)
        #expect(policy.decide(.signalled(9), lived: .zero, isEnding: false, burst: true) != .done)
        #expect(policy.decide(.signalled(9), lived: .zero, isEnding: true, burst: false) == .done)
    }
}
