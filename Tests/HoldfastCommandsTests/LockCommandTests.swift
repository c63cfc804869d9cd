import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import TestWorld
import Testing

/// `holdfast lock` and `holdfast locks`, as a user runs them.
@Suite("The lock commands", .serialized, .timeLimit(.minutes(2)))
struct LockCommandTests {
    /// Another owner's value on every node, as after the lease expired unnoticed.
    private func steal(_ name: String, from cluster: LocalCluster) async throws {
        for url in cluster.nodeURLs {
            let client = RedisClient(try RedisConfiguration(url: url))
            try await client.send(RedisCommand("SET", RedisArgument("holdfast:lock:\(name)"), "thief", "PX", "60000"))
            await client.close()
        }
    }

    @Test func theCommandKnowsItsTokenAndItsExitStatusIsPassedOn() async throws {
        try await withLockNodes { _, nodes in
            let show =
                #"echo "$HOLDFAST_LOCK_NAME $HOLDFAST_LOCK_TOKEN $HOLDFAST_LOCK_TTL $HOLDFAST_LOCK_OWNER"; exit 7"#
            for token in [2, 4] {
                let outcome = try await holdfast(["lock", "a page"] + nodes + ["--", "sh", "-c", show])
                #expect(outcome.status == .exited(7) && outcome.error == "", "\(outcome)")
                #expect(outcome.output.hasPrefix("a page \(token) 10 "))
                let owner = outcome.output.split(separator: " ").suffix(2)
                #expect(owner.first?.count == 32 && owner.last?.contains(":") == true)
            }
            // Everything behind the first `--` is the command's.
            let options = ["--", "sh", "-c", #"echo "$@""#, "sh", "--ttl", "--", "--help"]
            let passed = try await holdfast(["lock", "page"] + nodes + options)
            #expect(passed.status == .exited(0) && passed.output == "--ttl -- --help", "\(passed)")
            let killed = try await holdfast(["lock", "page"] + nodes + ["--", "sh", "-c", "kill -9 $$"])
            #expect(killed.status == .exited(137) && killed.error == "")
        }
    }

    @Test func twoAtOnceExcludeEachOther() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try await withLockNodes { _, nodes in
            let log = directory.path + "/log"
            var first = try await Running(
                ["lock", "page"] + nodes + ["--", "sh", "-c", "echo in; read line; echo first >> \(log)"])
            defer { first.child.signal(.kill) }
            #expect(try await first.line() == "in")

            let refused = try await holdfast(["lock", "page"] + nodes + ["--", "touch", log])
            #expect(refused.status == .exited(75))
            #expect(refused.error.hasPrefix("holdfast: page is held by another"), "\(refused.error)")
            #expect(!FileManager.default.fileExists(atPath: log))
            let other = try await holdfast(["lock", "other page"] + nodes + ["--", "true"])
            #expect(other.status == .exited(0), "another name is free")

            // The second waiter's patience ends while the first still holds.
            let impatient = try await holdfast(["lock", "page", "--wait", "300ms"] + nodes + ["--", "true"])
            #expect(impatient.status == .exited(75))
            var second = try await Running(
                ["lock", "page", "--wait", "forever"] + nodes + ["--", "sh", "-c", "echo second >> \(log)"])
            defer { second.child.signal(.kill) }
            try await first.input.write("go on\n")
            #expect(try await first.end().status == .exited(0))
            #expect(try await second.end().status == .exited(0))
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "first\nsecond\n")
        }
    }

    @Test func aLostLeaseEndsTheCommand() async throws {
        try await withLockNodes { cluster, nodes in
            var running = try await Running(
                ["lock", "page", "--ttl", "1"] + nodes
                    + ["--", "sh", "-c", "trap 'echo told; exit 0' TERM; sleep 100 & echo in; wait"])
            defer { running.child.signal(.kill) }
            #expect(try await running.line() == "in")
            try await steal("page", from: cluster)
            let outcome = try await running.end()
            #expect(outcome.output == "told")
            #expect(outcome.status == .exited(76))
            #expect(outcome.error.contains("the lease of page with token 2 was lost"), "\(outcome.error)")
            // The thief's lock is left alone.
            let next = try await holdfast(["lock", "page"] + nodes + ["--", "true"])
            #expect(next.status == .exited(75), "\(next)")
        }
    }

    @Test func aLostLeaseEndsTheWholeGroup() async throws {
        try await withLockNodes { cluster, nodes in
            // The command ends at SIGTERM, what it started does not.
            let stubborn = #"trap "" TERM; echo $$; while :; do sleep 1; done"#
            var running = try await Running(
                ["lock", "page", "--ttl", "1", "--kill-after", "200ms"] + nodes
                    + ["--", "sh", "-c", "sh -c '\(stubborn)' & wait"])
            defer { running.child.signal(.kill) }
            let pid = try #require(try await running.line().flatMap { Int32($0) })
            let grandchild = try #require(ProcessIdentity(pid: pid))
            try await steal("page", from: cluster)
            #expect(try await running.end().status == .exited(76))
            #expect(!grandchild.isAlive)
        }
    }

    @Test(arguments: [Signal.terminate, .interrupt, .hangUp])
    func signalsAreHandedOn(_ signal: Signal) async throws {
        try await withLockNodes { _, nodes in
            var running = try await Running(
                ["lock", "page"] + nodes
                    + [
                        "--", "sh", "-c",
                        "trap 'echo told; exit 5' TERM INT HUP; echo in; while :; do sleep 0.1; done",
                    ])
            defer { running.child.signal(.kill) }
            #expect(try await running.line() == "in")
            running.child.signal(signal)
            let outcome = try await running.end()
            #expect(outcome.output == "told" && outcome.status == .exited(5), "\(outcome)")
            #expect(try await holdfast(["lock", "page"] + nodes + ["--", "true"]).status == .exited(0))
        }
    }

    @Test func aWaiterIsInterrupted() async throws {
        try await withLockNodes { cluster, nodes in
            try await steal("page", from: cluster)
            let waiter = try await Running(["lock", "page", "--wait", "forever"] + nodes + ["--", "true"])
            defer { waiter.child.signal(.kill) }
            // Its connections show that it has begun to work, and that its signal handlers are there.
            let client = RedisClient(try RedisConfiguration(url: cluster.nodeURLs[0]))
            while try await client.send(RedisCommand("CLIENT", "LIST")).text?.contains("cmd=eval") != true {
                await Task.yield()
            }
            await client.close()
            waiter.child.signal(.terminate)
            #expect(await waiter.child.wait() == .exited(130))
        }
    }

    @Test func whatCannotRunTakesNoLock() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try await withLockNodes { _, nodes in
            let missing = try await holdfast(["lock", "page"] + nodes + ["--", "no-such-command"])
            #expect(missing.status == .exited(127))
            #expect(missing.error.hasPrefix("holdfast: there is no executable 'no-such-command'"))
            let directoryItself = try await holdfast(["lock", "page"] + nodes + ["--", directory.path])
            #expect(directoryItself.status == .exited(126))
            // This one is seen only when the lock is held already.
            let script = directory.path + "/script"
            try Data("#!/no/such/interpreter\n".utf8).write(to: URL(filePath: script))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            #expect(try await holdfast(["lock", "page"] + nodes + ["--", script]).status == .exited(126))
            let free = try await holdfast(["lock", "page"] + nodes + ["--", "true"])
            #expect(free.status == .exited(0), "\(free.error)")

            for wrong in [
                ["lock", "page"], ["lock", "page", "true"], ["lock", "page", "--wait", "soon", "--", "true"],
            ] {
                #expect(try await holdfast(wrong).status == .exited(2), "\(wrong)")
            }
            let tooLong = try await holdfast(["lock", "page", "--ttl", "21"] + nodes + ["--", "true"])
            #expect(tooLong.status == .exited(2), "\(tooLong.error)")
        }
    }

    @Test func withoutNodesNothingRuns() async throws {
        try await withLockNodes { cluster, nodes in
            await cluster.nodes[0].kill()
            #expect(try await holdfast(["lock", "page"] + nodes + ["--", "true"]).status == .exited(0))
            let partial = try await holdfast(["locks"] + nodes)
            #expect(partial.status == .exited(0) && partial.output == "No lock is held.")
            #expect(partial.error.hasPrefix("127.0.0.1:\(cluster.nodes[0].port): "), "\(partial.error)")
            // With a node down the first refusal decides, and the lock is still held, not out of reach.
            var holder = try await Running(["lock", "page"] + nodes + ["--", "sh", "-c", "echo in; read line"])
            defer { holder.child.signal(.kill) }
            #expect(try await holder.line() == "in")
            let second = try await holdfast(["lock", "page"] + nodes + ["--", "true"])
            #expect(second.status == .exited(75), "\(second)")
            try await holder.input.write("go on\n")
            #expect(try await holder.end().status == .exited(0))

            await cluster.nodes[1].kill()
            let outcome = try await holdfast(["lock", "page"] + nodes + ["--", "echo", "ran"])
            #expect(outcome.status == .exited(69) && outcome.output == "", "\(outcome)")
            let blind = try await holdfast(["locks"] + nodes)
            #expect(blind.status == .exited(69) && blind.error.contains("2 of 3 lock nodes did not answer"))
        }
    }

    @Test func heldLocksAreListed() async throws {
        try await withLockNodes { _, nodes in
            var running = try await Running(
                ["lock", "page", "--label", "the test"] + nodes
                    + ["--", "sh", "-c", "echo $HOLDFAST_LOCK_OWNER; read line"])
            defer { running.child.signal(.kill) }
            let owner = try #require(try await running.line())
            let table = try await holdfast(["locks"] + nodes).output
            #expect(table.contains("page  the test  exclusive      2  "), "\(table)")
            // The holder may begin with the first majority that it reached; its renewals add the others.
            #expect(table.hasSuffix("3/3  yes") || table.hasSuffix("2/3  yes"), "\(table)")
            let json = try await holdfast(["locks", "--json"] + nodes).output
            let report = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            let lock = try #require((report?["locks"] as? [[String: Any]])?.first)
            #expect(lock["label"] as? String == "the test" && lock["mode"] as? String == "exclusive")
            #expect(lock["owner"] as? String == owner && lock["token"] as? Int == 2 && lock["held"] as? Bool == true)
            #expect((2...3).contains((lock["nodes"] as? [Any])?.count ?? 0))
            running.input.close()
            _ = try await running.end()
            #expect(try await holdfast(["locks"] + nodes).output == "No lock is held.")
        }
    }

    /// A command in a background group would be stopped when it reads the terminal, and wait for ever.
    @Test func aCommandMayReadTheTerminal() async throws {
        try await withLockNodes { _, nodes in
            let line =
                "\(CommandLineTests.path) lock page \(nodes.joined(separator: " ")) "
                + "-- sh -c 'read line; echo got-$line'"
            // `script` runs it on a terminal of its own.
            var command = Command("script", ["-qec", line, "/dev/null"])
            command.input = .pipe
            command.output = .pipe
            let terminal = try await ChildProcess.start(command)
            defer { terminal.signal(.kill) }
            try await #require(terminal.input).write("hello\n")
            let output = String(decoding: try #require(try await terminal.output?.readAll()), as: UTF8.self)
            #expect(output.contains("got-hello"), "\(output)")
            #expect(await terminal.wait() == .exited(0))
        }
    }
}
