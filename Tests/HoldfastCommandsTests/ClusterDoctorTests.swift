import Foundation
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import Testing

/// `holdfast cluster doctor` and `holdfast cluster admit`, as an operator runs them.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClusterDoctorTests {
    private func withNodes(
        _ count: Int, _ body: (LocalCluster, [String]) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: count, stores: 0) { cluster in
            _ = try await LockCluster.initialize(
                LockClusterConfiguration(urls: cluster.nodeURLs), maximumTTL: .seconds(2))
            try await body(cluster, ["--nodes", cluster.nodeURLs.joined(separator: ",")])
        }
    }

    private func findings(_ json: String) throws -> [[String: Any]] {
        let report = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return try #require(report?["findings"] as? [[String: Any]])
    }

    private func token(_ nodes: [String]) async throws -> Int? {
        let run = try await Invocation.run(
            ["lock", "page", "--ttl", "2", "--wait", "60s"] + nodes + ["--", "sh", "-c", "echo $HOLDFAST_LOCK_TOKEN"])
        #expect(run.status == .exited(0), "\(run.error)")
        return Int(run.output.dropLast())
    }

    @Test func aHealthyClusterIsToldInATableAndInJSON() async throws {
        try await withNodes(3) { cluster, nodes in
            let table = try await Invocation.run(["cluster", "doctor"] + nodes)
            #expect(table.status == .exited(0) && table.error == "", "\(table)")
            #expect(table.output.contains("127.0.0.1:\(cluster.nodes[2].port)"))
            #expect(table.output.hasSuffix(" all right.\n") && !table.output.contains("\u{1B}"))
            let all = try await Invocation.run(["cluster", "doctor", "--all"] + nodes)
            #expect(all.output.contains("ok admission, node 0 "))
            let json = try await Invocation.run(["cluster", "doctor", "--json"] + nodes)
            #expect(try findings(json.output).allSatisfy { $0["severity"] as? String == "ok" })
            let quiet = try await Invocation.run(["cluster", "doctor", "--quiet"] + nodes)
            #expect(quiet.status == .exited(0) && quiet.output == "")

            // One down: a warning. Two down: no majority.
            await cluster.nodes[0].kill()
            let warned = try await Invocation.run(["cluster", "doctor"] + nodes)
            #expect(warned.status == .exited(1) && warned.output.contains("error reachable, node 0 "), "\(warned)")
            await cluster.nodes[1].kill()
            let lost = try await Invocation.run(["cluster", "doctor", "--json"] + nodes)
            #expect(lost.status == .exited(69) && lost.error.contains("1 of 3 lock nodes answer"), "\(lost.error)")
            #expect(try findings(lost.output).count > 10)
        }
    }

    @Test func warningsCanBeLetPass() async throws {
        try await withNodes(1) { _, nodes in
            let strict = try await Invocation.run(["cluster", "doctor"] + nodes)
            #expect(strict.status == .exited(1) && strict.error == "holdfast: 0 errors, 1 warnings\n", "\(strict)")
            let lenient = try await Invocation.run(["cluster", "doctor", "--fail-on", "error"] + nodes)
            #expect(lenient.status == .exited(0), "\(lenient)")
            let wrong = try await Invocation.run(["cluster", "doctor", "--fail-on", "anything"] + nodes)
            #expect(wrong.status == .exited(2))
        }
    }

    @Test func theCommandThatTheDoctorGivesBringsALostMajorityBack() async throws {
        try await withNodes(5) { cluster, nodes in
            let before = try #require(try await token(nodes))
            for index in 0...2 { try await cluster.nodes[index].restart(empty: true) }
            let stuck = try await Invocation.run(["lock", "page", "--ttl", "2"] + nodes + ["--", "true"])
            #expect(stuck.status == .exited(69), "\(stuck)")
            #expect(stuck.error.contains("'holdfast cluster doctor' says what to do"), "\(stuck.error)")

            let doctor = try await Invocation.run(["cluster", "doctor", "--json"] + nodes)
            #expect(doctor.status == .exited(1))
            let given = try findings(doctor.output).compactMap { $0["command"] as? String }
                .filter { $0.hasPrefix("holdfast cluster admit ") }
            #expect(given.count == 1, "\(given)")
            let arguments = try #require(given.first).split(separator: " ").dropFirst().map(String.init)
            #expect(arguments.suffix(2) == nodes[...])

            // Not without being asked; and not before its time.
            let unasked = try await Invocation.run(arguments)
            #expect(unasked.status == .exited(2) && unasked.error.contains("--yes"), "\(unasked)")
            try await cluster.nodes[1].restart(empty: true)
            let early = try await Invocation.run(
                ["cluster", "admit", "--node", "1", "--floor", "100", "--yes"] + nodes)
            #expect(early.status == .exited(75) && early.error.contains("try again in"), "\(early)")
            let without = try await Invocation.run(["cluster", "admit", "--node", "0", "--wait", "1m"] + nodes)
            #expect(without.status == .exited(1) && without.error.contains("give a floor"), "\(without)")

            let admitted = try await Invocation.run(arguments + ["--yes", "--wait", "1m", "--json"])
            #expect(admitted.status == .exited(0), "\(admitted)")
            let report = try JSONSerialization.jsonObject(with: Data(admitted.output.utf8)) as? [String: Any]
            let floor = try #require(report?["floor"] as? Int)
            let after = try #require(try await token(nodes))
            #expect(after > floor && floor > before)
        }
    }

    @Test func aTerminalIsAsked() async throws {
        try await withNodes(1) { cluster, nodes in
            let url = cluster.nodeURLs[0]
            for (answer, status) in [("no", 1), ("yes", 0)] {
                let line =
                    "\(CommandLineTests.path) cluster admit --node \(url) --floor 77 \(nodes.joined(separator: " "))"
                // `script` runs it on a terminal of its own.
                var command = Command("script", ["-qec", line, "/dev/null"])
                command.input = .pipe
                command.output = .pipe
                let terminal = try await ChildProcess.start(command)
                defer { terminal.signal(.kill) }
                try await #require(terminal.input).write("\(answer)\n")
                let output = String(decoding: try #require(try await terminal.output?.readAll()), as: UTF8.self)
                #expect(output.contains("Type yes:"))
                #expect(await terminal.wait() == .exited(Int32(status)), "\(output)")
            }
            #expect(try #require(try await token(nodes)) > 77)
        }
    }

    @Test(arguments: [
        ["--node", "0", "--floor", "1", "--floor-from-clock"], ["--node", "0", "--floor", "-1"],
        ["--node", "7", "--yes"],
        ["--floor", "1"], ["--node", "redis://elsewhere", "--yes"], ["--node", "not a url", "--yes"],
        ["--node", "0", "--floor", "9007199254740991"],
    ])
    func aWrongAdmissionIsRefused(_ arguments: [String]) async throws {
        let outcome = try await Invocation.run(["cluster", "admit", "--nodes", "redis://127.0.0.1:1"] + arguments)
        #expect(outcome.status == .exited(2) && outcome.error.hasPrefix("holdfast: "), "\(outcome)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func theShellsCompleteThem(_ shell: String) async throws {
        let script = try await Invocation.run(["--generate-completion-script", shell])
        #expect(script.status == .exited(0))
        for word in ["doctor", "admit", "forget", "floor-from-clock", "fail-on"] {
            #expect(script.output.contains(word), "\(word)")
        }
    }
}
