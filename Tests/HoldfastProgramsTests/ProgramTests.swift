import Foundation
import HoldfastCluster
import HoldfastJobs
import HoldfastProcess
import HoldfastPrograms
import HoldfastRedis
import HoldfastRuntime
import TestWorld
import Testing

/// Jobs that are run by programs, on a real server, with real processes that misbehave.
@Suite(.timeLimit(.minutes(1))) struct ProgramTests {
    private struct Scene {
        let client: RedisClient
        let queue: Queue
        let directory: String

        /// Writes an executable shell script.
        func script(_ name: String, _ text: String) throws -> String {
            let path = "\(directory)/\(name)"
            try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            return path
        }

        /// Runs one job of `f` to its end.
        func run(
            _ script: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:],
            options: JobOptions = JobOptions()
        ) async throws -> JobResult {
            let payload = try JobPayload(function: "f", arguments: arguments, keywords: keywords)
            let id = try await queue.enqueue([NewJob(payload, options: options)])[0]
            var program = try ProgramHandler(script)
            program.killAfter = .milliseconds(200)
            try await work(program)
            return try await queue.wait(for: id, patience: .seconds(30))
        }

        func work(_ program: ProgramHandler? = nil, commands: Bool = false) async throws {
            var handlers = HandlerRegistry()
            let programs = ProgramHandlers()
            if let program { programs.register(program, for: "f", in: &handlers) }
            if commands {
                programs.registerCommands(in: &handlers)
            } else {
                CommandJob.registerRefusal(in: &handlers)
            }
            var configuration = WorkerConfiguration()
            configuration.burst = true
            configuration.maintenanceInterval = .milliseconds(100)
            configuration.name = "w"
            try await Worker(
                queues: [queue.name], client: client, handlers: handlers, configuration: configuration
            ).run()
        }
    }

    private func withScene(_ body: (Scene) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { cluster in
            let client = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]), scripts: JobScripts.all)
            do {
                try await body(
                    Scene(client: client, queue: try Queue("q", client: client), directory: cluster.directory))
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    @Test func argumentsComeAsJSONAndTheResultGoesBack() async throws {
        try await withScene { scene in
            // What came in goes out, so nothing was rounded or reordered on the way.
            let result = try await scene.run("cat", 1, "ü \"[,", [[2]], keywords: ["k": ["x": 1.5]])
            #expect(result.outcome == .successful)
            #expect(
                String(decoding: result.returnValue ?? [], as: UTF8.self)
                    == #"{"args": [1, "ü \"[,", [[2]]], "kwargs": {"k": {"x":1.5}}}"#)
            let nothing = try await scene.run("true", 1)
            #expect(nothing.outcome == .successful && nothing.returnValue == nil)
            let null = try await scene.run("echo null")
            #expect(null.outcome == .successful && null.returnValue == nil)
            let word = try await scene.run(#"echo '"a b"'"#)
            #expect(try word.value(as: String.self) == "a b")
        }
    }

    @Test func theJobIsInTheEnvironment() async throws {
        try await withScene { scene in
            let script = try scene.script(
                "env",
                """
                now=$(date +%s)
                [ "$HOLDFAST_JOB_DEADLINE" -gt "$now" ] && [ "$HOLDFAST_JOB_DEADLINE" -le $((now + 600)) ] || exit 1
                echo "\\"$HOLDFAST_JOB_ID $HOLDFAST_JOB_FUNCTION $HOLDFAST_JOB_QUEUE $HOLDFAST_JOB_ATTEMPT" \\
                    "$HOLDFAST_JOB_TOKEN $HOLDFAST_JOB_CRASHES $HOLDFAST_JOB_IDEMPOTENCY_KEY $HOLDFAST_WORKER" \\
                    "${#HOLDFAST_JOB_EXECUTION}\\""
                """)
            let result = try await scene.run(script, options: .init(id: try JobID("j"), timeout: .seconds(600)))
            #expect(try result.value(as: String.self) == "j f q 1 1 0 j:run w 32")
            let endless = try scene.script("endless", #"echo "\"${HOLDFAST_JOB_DEADLINE-none}\"""#)
            let second = try await scene.run(endless, options: .init(timeout: nil))
            #expect(try second.value(as: String.self) == "none")
        }
    }

    /// Whoever may enqueue could print it, and read the result.
    @Test func theWebhooksSecretIsNotInTheEnvironment() async throws {
        setenv("HOLDFAST_WEBHOOK_SECRET", "whsec_c2VjcmV0", 1)
        defer { unsetenv("HOLDFAST_WEBHOOK_SECRET") }
        try await withScene { scene in
            let script = try scene.script("secret", #"echo "\"${HOLDFAST_WEBHOOK_SECRET-none} ${PATH:+path}\"""#)
            let result = try await scene.run(script)
            #expect(try result.value(as: String.self) == "none path")
        }
    }

    @Test func exitStatusesSayWhatBecomesOfTheJob() async throws {
        try await withScene { scene in
            let retry = JobOptions(retry: .init(maximum: 2))
            let counted = try scene.script("fail", "echo x >> \(scene.directory)/runs; echo why >&2; exit 3")
            let failed = try await scene.run(counted, options: retry)
            #expect(failed.failure?.contains("fail ended with exit status 3:\nwhy") == true, "\(failed)")
            #expect(try String(contentsOfFile: "\(scene.directory)/runs", encoding: .utf8) == "x\nx\nx\n")

            let never = try scene.script("never", "echo x >> \(scene.directory)/once; exit 65")
            let refused = try await scene.run(never, options: retry)
            #expect(refused.failure?.hasSuffix("exit status 65, and said nothing on standard error") == true)
            #expect(try String(contentsOfFile: "\(scene.directory)/once", encoding: .utf8) == "x\n")

            let killed = try await scene.run(try scene.script("killed", "kill -SEGV $$"))
            #expect(killed.failure?.contains("was ended by SIGSEGV") == true, "\(killed)")
        }
    }

    @Test func whatIsWrittenIsBounded() async throws {
        try await withScene { scene in
            let endless = try await scene.run("yes")
            #expect(endless.failure?.contains("wrote more than the 16777216 bytes") == true, "\(endless)")
            let loud = try await scene.run(
                try scene.script("loud", "yes error | head -c 3000000 >&2; echo end >&2; exit 1"))
            let text = try #require(loud.failure)
            #expect(text.hasSuffix("error\nend") && text.contains(":\n…") && text.utf8.count < 17_000)
            let noJSON = try await scene.run("echo what")
            #expect(noJSON.failure?.contains("is no JSON: what") == true)
        }
    }

    @Test func aProgramThatClosesItsStreamsOrLeavesAProcessBehindDoesNotHoldTheWorker() async throws {
        try await withScene { scene in
            // More than a pipe holds, and nobody reads.
            let big = String(repeating: "x", count: 300_000)
            let deaf = try await scene.run("true", big)
            #expect(deaf.outcome == .successful)
            let left = try scene.script("left", "sleep 1000 & echo $! > \(scene.directory)/pid; echo 1")
            #expect(try await scene.run(left, big).value(as: Int.self) == 1)
            let pid = try #require(
                Int32(
                    try String(contentsOfFile: "\(scene.directory)/pid", encoding: .utf8)
                        .trimmingCharacters(in: .whitespacesAndNewlines)))
            if let leftover = ProcessIdentity(pid: pid) { try await leftover.waitForEnd() }
            // One that leaves the group keeps the streams open: it is not waited for.
            let gone = try scene.script("gone", "setsid sleep 20 & echo 2")
            #expect(try await scene.run(gone).value(as: Int.self) == 2)
        }
    }

    @Test func theTimeLimitEndsTheWholeGroup() async throws {
        try await withScene { scene in
            let stubborn = try scene.script(
                "stubborn",
                "trap '' TERM; echo $$ > \(scene.directory)/pids; sleep 1000 & echo $! >> "
                    + "\(scene.directory)/pids; while :; do wait; done")
            let result = try await scene.run(stubborn, options: .init(timeout: .seconds(1)))
            #expect(result.failure?.contains("took longer than 1.0 s") == true, "\(result)")
            let pids = try String(contentsOfFile: "\(scene.directory)/pids", encoding: .utf8)
                .split(separator: "\n").compactMap { Int32($0) }
            #expect(pids.count == 2)
            for pid in pids { try await ProcessIdentity(pid: pid)?.waitForEnd() }
        }
    }

    @Test func commandsAreRunOnlyWhereTheyAreAllowed() async throws {
        try await withScene { scene in
            struct Report: Decodable { let status: Int, output: String, truncated: Bool }
            func enqueue(_ words: String...) async throws -> JobID {
                try await scene.queue.enqueue([
                    NewJob(try JobPayload(function: CommandJob.function, arguments: words))
                ])[0]
            }
            let refused = try await enqueue("touch", "\(scene.directory)/never")
            try await scene.work()
            let refusal = try await scene.queue.wait(for: refused, patience: .seconds(30))
            #expect(refusal.failure?.contains("start it with --allow-commands") == true)
            #expect(!FileManager.default.fileExists(atPath: "\(scene.directory)/never"))

            let echo = try await enqueue("printf", "%s|", "a b", "$HOME", "*")
            let long = try await enqueue("sh", "-c", "yes | head -c 200000")
            let missing = try await enqueue("no-such-command")
            try await scene.work(commands: true)
            let report = try await scene.queue.wait(for: echo, patience: .seconds(30)).value(as: Report.self)
            #expect(report.output == "a b|$HOME|*|" && !report.truncated)
            let cut = try await scene.queue.wait(for: long, patience: .seconds(30)).value(as: Report.self)
            #expect(cut.output.utf8.count == CommandJob.outputBytes && cut.truncated)
            let reason = try await scene.queue.wait(for: missing, patience: .seconds(30)).failure
            #expect(reason?.contains("there is no executable 'no-such-command'") == true)
        }
    }

    @Test(arguments: ["", "  ", "'", "./no-such-program", "/etc/passwd"])
    func aProgramThatCannotRunIsRefusedAtOnce(_ line: String) {
        #expect(throws: (any Error).self) { try ProgramHandler(line) }
    }
}
