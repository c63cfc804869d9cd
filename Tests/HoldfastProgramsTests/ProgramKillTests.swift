import Foundation
import Glibc
import HoldfastCluster
import HoldfastJobs
import HoldfastProcess
import HoldfastPrograms
import HoldfastRedis
import HoldfastRuntime
import TestWorld
import Testing

/// Only a job's program is killed, by whoever (the kernel, out of memory): that execution fails, the worker lives.
@Suite(.timeLimit(.minutes(1))) struct ProgramKillTests {
    /// A program that tells its process and what it left behind, then waits in its first execution.
    private static let script = """
        #!/bin/sh
        echo "$HOLDFAST_JOB_ID $HOLDFAST_JOB_ATTEMPT" >> DIRECTORY/runs
        [ "$HOLDFAST_JOB_ATTEMPT" = 1 ] || { echo '"done"'; exit; }
        sleep 600 &
        echo "$$ $!" > DIRECTORY/new-$HOLDFAST_JOB_ID
        mv DIRECTORY/new-$HOLDFAST_JOB_ID DIRECTORY/pids-$HOLDFAST_JOB_ID
        wait

        """

    private func pids(_ id: JobID, in directory: String, _ runtime: any Runtime) async throws -> [pid_t] {
        while true {
            if let text = try? String(contentsOfFile: "\(directory)/pids-\(id)", encoding: .utf8) {
                return text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            }
            try await runtime.sleep(for: .milliseconds(10))
        }
    }

    @Test func theJobFailsOrIsTriedAgainAndNothingElseHappens() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all)
            let directory = cluster.directory
            let path = "\(directory)/program"
            try Self.script.replacing("DIRECTORY", with: directory)
                .write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            var handlers = HandlerRegistry()
            ProgramHandlers().register(try ProgramHandler(path), for: "f", in: &handlers)
            handlers.register("plain") { (number: Int, _) in number }
            let queue = try Queue("q", client: client)
            let worker = try Worker(queues: [queue.name], client: client, handlers: handlers)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                let (again, once) = (try JobID("again"), try JobID("once"))
                try await queue.enqueue([
                    NewJob("f", options: [.id(again), .retry(RetryPolicy(maximum: 3))]),
                    NewJob("f", options: [.id(once)]),
                ])
                var leftovers: [ProcessIdentity] = []
                for id in [again, once] {
                    let pids = try await pids(id, in: directory, client.runtime)
                    #expect(pids.count == 2)
                    leftovers.append(try #require(ProcessIdentity(pid: pids[1])))
                    #expect(kill(pids[0], SIGKILL) == 0)
                }
                #expect(
                    try await queue.wait(for: again, patience: .seconds(30)).value(as: String.self) == "done")
                let failed = try await queue.wait(for: once, patience: .seconds(30))
                #expect(failed.outcome == .failed && failed.failure?.contains("was ended by SIGKILL") == true)
                // The worker goes on, and lost nothing: no crash is counted, no execution doubled.
                let plain = try await queue.enqueue("plain", 7)
                #expect(try await queue.wait(for: plain, patience: .seconds(30)).value(as: Int.self) == 7)
                for (id, executions) in [(again, 2), (once, 1)] {
                    let job = try #require(try await queue.fetch(id))
                    #expect(job.executions == executions && job.crashes == 0, "\(job)")
                    let results = try await client.send(RedisCommand("XLEN", RedisArgument("rq:results:\(id)")))
                    #expect(results.integer == 1)
                }
                let runs = try String(contentsOfFile: "\(directory)/runs", encoding: .utf8)
                #expect(runs.split(separator: "\n").sorted() == ["again 1", "again 2", "once 1"])
                // What the killed programs had started went with them.
                for leftover in leftovers { try await leftover.waitForEnd() }
                worker.shutdown()
                try await group.waitForAll()
            }
            #expect(worker.counters.taken == 4 && worker.counters.leasesLost == 0)
            await client.close()
        }
    }
}
