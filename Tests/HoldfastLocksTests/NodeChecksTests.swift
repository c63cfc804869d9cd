import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// The doctor's rules by themselves: each is shown what it must find.
@Suite struct NodeChecksTests {
    private func healthy(_ host: String = "127.0.0.1") throws -> NodeFacts {
        var facts = NodeFacts(index: 0, configuration: RedisConfiguration(address: .tcp(host: host, port: 6379)))
        facts.server = ServerInfo(
            info: "run_id:abc\r\nredis_version:7.2.4\r\nuptime_in_seconds:1000\r\nredis_mode:standalone")
        facts.info = [
            "role": "master", "connected_slaves": "0", "second_repl_offset": "-1", "maxmemory": "0",
            "used_memory": "1000000", "maxmemory_policy": "noeviction", "aof_last_write_status": "ok",
            "uptime_in_seconds": "1000", "rdb_last_save_time": "5000", "server_time_usec": "6000000000",
        ]
        facts.settings = [
            "appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no", "save": "",
            "maxmemory-policy": "noeviction", "protected-mode": "yes", "bind": "127.0.0.1",
        ]
        facts.roundTrips = [.milliseconds(1)]
        facts.clocks = [.init(ahead: .milliseconds(3), uncertainty: .milliseconds(1))]
        return facts
    }

    private func complaints(_ facts: NodeFacts) -> [String] {
        var checks = NodeChecks(facts, nodeTimeout: .milliseconds(500))
        checks.run()
        return checks.findings.all.filter { $0.severity > .ok }.map { "\($0.check.rawValue) \($0.severity.rawValue)" }
    }

    private func complaints(_ change: (inout NodeFacts) -> Void) throws -> [String] {
        var facts = try healthy()
        change(&facts)
        return complaints(facts)
    }

    @Test func eachRuleFindsItsFault() throws {
        #expect(complaints(try healthy()) == [])
        #expect(try complaints { $0.server?.version = "4.0.14" } == ["version error"])
        #expect(try complaints { $0.server?.version = "6.2.1" } == ["version warning"])
        #expect(try complaints { $0.server?.version = "?" } == ["version error"])
        #expect(try complaints { $0.server?.mode = "cluster" } == ["mode error"])
        #expect(try complaints { $0.info["role"] = "slave" } == ["role error"])
        #expect(try complaints { $0.info["connected_slaves"] = "2" } == ["replicas warning"])
        #expect(try complaints { $0.info["second_repl_offset"] = "77" } == ["ancestry warning"])
        #expect(try complaints { $0.settings?["maxmemory-policy"] = "volatile-lru" } == ["eviction warning"])
        #expect(try complaints { $0.info["maxmemory"] = "1050000" } == ["memory warning"])
        #expect(try complaints { $0.info["maxmemory"] = "1000000" } == ["memory error"])
        #expect(try complaints { $0.info["aof_last_write_status"] = "err" } == ["disk error"])
        #expect(try complaints { $0.settings?["appendonly"] = "no" } == ["persistence warning"])
        #expect(try complaints { $0.settings?["appendfsync"] = "everysec" } == ["persistence warning"])
        #expect(try complaints { $0.settings?["no-appendfsync-on-rewrite"] = "yes" } == ["persistence warning"])
        #expect(try complaints { $0.settings = nil } == ["persistence warning"])
        #expect(try complaints { $0.roundTrips = [.milliseconds(150)] } == ["latency warning"])
        #expect(try complaints { $0.roundTrips = [.milliseconds(700)] } == ["latency error"])
    }

    @Test func aRecordIsReadAsTheScriptsReadItOrIsDamaged() throws {
        func record(_ vote: String?, cluster: String? = "c") throws -> NodeRecord {
            func field(_ text: String?) -> RedisReply { text.map { .bytes(Array($0.utf8)) } ?? .null }
            let fields = [cluster, "3", "1", "60000", vote, nil, "1", nil, nil].map(field)
            return try #require(NodeRecord(.array(fields)))
        }
        let whole = try record("0000000000000100 0000000000001124 000000060000 abc")
        #expect(!whole.isDamaged && whole.admitted == "abc" && whole.floor == 100 && whole.high == 1124)
        let prepared = try record(nil)
        #expect(!prepared.isDamaged && prepared.admitted == nil && prepared.high == 0)
        for vote in [
            "", "abc", "100 1124 60000 abc", "0000000000000100 0000000000001124 000000060000",
            "00000000000001x0 0000000000001124 000000060000 abc", "0000000000000100 0000000000001124 0000000006000 abc",
        ] {
            let edited = try record(vote)
            #expect(edited.isDamaged && edited.admitted == nil, "\(vote)")
        }
    }

    @Test func clocksThatJumpAreFound() throws {
        let first = NodeFacts.Clock(ahead: .zero, uncertainty: .milliseconds(2))
        for jump in [Duration.seconds(3), .seconds(-3)] {
            let jumped = NodeFacts.Clock(ahead: jump, uncertainty: .milliseconds(2))
            #expect(try complaints { $0.clocks = [first, jumped] } == ["clock warning"])
        }
        let slow = NodeFacts.Clock(ahead: .seconds(3), uncertainty: .seconds(4))
        #expect(try complaints { $0.clocks = [first, slow] } == [], "a slow answer is no jump")
        #expect(try complaints { $0.info["rdb_last_save_time"] = "7000" } == ["clock warning"], "saved in the future")
        #expect(try complaints { $0.info["uptime_in_seconds"] = "-5" } == ["clock warning"])
    }

    @Test func openDoorsAreFound() throws {
        #expect(complaints(try healthy("lock-1.example.org")) == ["access warning"])
        var guarded = RedisConfiguration(address: .tcp(host: "lock-1.example.org", port: 6379))
        guarded.password = "secret"
        var facts = NodeFacts(index: 0, configuration: guarded)
        facts.settings = try healthy().settings
        #expect(complaints(facts) == [])
        #expect(facts.shell("PING") == "redis-cli -h lock-1.example.org -p 6379 --askpass PING")
        let open = try complaints {
            $0.settings?["protected-mode"] = "no"
            $0.settings?["bind"] = "* -::*"
        }
        #expect(open == ["access warning"])
        #expect(try complaints { $0.settings?["protected-mode"] = "no" } == [], "it listens on this machine only")
    }

    // MARK: - The cluster

    private let cluster = ClusterDescriptor(id: "c", nodes: 5, maximumTTL: .seconds(10))

    private func node(_ index: Int, shows: Bool = true, ahead: Duration = .zero) throws -> NodeFacts {
        var facts = NodeFacts(index: index, configuration: RedisConfiguration(address: .tcp(host: "h", port: index)))
        facts.server = ServerInfo(info: "run_id:\(index)\r\nredis_version:7.2.4")
        facts.clocks = [.init(ahead: ahead, uncertainty: .milliseconds(10))]
        var record = NodeRecord()
        if shows {
            record.descriptor = cluster
            record.index = index
        }
        facts.record = record
        return facts
    }

    private func commands(_ facts: [NodeFacts], _ verdicts: [AdmissionRule.Verdict?], _ waits: [Duration?]) -> [String]
    {
        var checks = ClusterChecks(facts, cluster: cluster, verdicts: verdicts, waits: waits)
        checks.run()
        return checks.findings.all.filter { $0.check == .quorum }.compactMap(\.command)
    }

    @Test func onlyAsManyAsNeededAreToBeAdmitted() throws {
        let blank = try [node(0), node(1), node(2, shows: false), node(3, shows: false), node(4, shows: false)]
        let wait = AdmissionRule.Verdict.wait("…")
        #expect(
            commands(
                blank, [.voting, .voting, wait, .notice, wait], [nil, nil, .seconds(7), .seconds(0), .seconds(5)])
                == ["holdfast cluster admit --node 3 --floor-from-clock --wait 1s"])
        // All were restarted, and none can prove what it remembers: as many as a majority needs.
        let all = try (0..<5).map { try node($0) }
        #expect(commands(all, [wait, wait, wait, wait, wait], [nil, nil, nil, nil, nil]).count == 3)
        // Two that are admitted at once count.
        let soon = AdmissionRule.Verdict.admit(floor: 0)
        #expect(commands(all, [soon, soon, wait, wait, wait], [nil, nil, nil, nil, nil]).count == 1)
        #expect(commands(all, [soon, soon, soon, wait, wait], [nil, nil, nil, nil, nil]) == [])
        #expect(commands(all, [.voting, .voting, .voting, wait, wait], [nil, nil, nil, nil, nil]) == [])
    }

    @Test func clocksThatAreApartAreFound() throws {
        func apart(_ ahead: Duration) throws -> Diagnosis.Severity? {
            var checks = ClusterChecks(
                try [node(0), node(1, ahead: ahead), node(2)], cluster: cluster, verdicts: [nil, nil, nil],
                waits: [nil, nil, nil])
            checks.run()
            return checks.findings.all.first { $0.check == .clocks }?.severity
        }
        #expect(try apart(.milliseconds(900)) == .ok)
        #expect(try apart(.seconds(2)) == .warning)
        #expect(try apart(.seconds(-2)) == .warning)
    }
}
