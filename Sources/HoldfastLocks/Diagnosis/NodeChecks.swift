import HoldfastRedis
import HoldfastRuntime

/// What to think of one node's server and settings, as pure rules over what it told.
struct NodeChecks {
    let facts: NodeFacts
    let nodeTimeout: Duration
    private(set) var findings: Findings

    init(_ facts: NodeFacts, nodeTimeout: Duration) {
        self.facts = facts
        self.nodeTimeout = nodeTimeout
        findings = Findings(node: facts.index)
    }

    mutating func run() {
        if let failure = facts.failure { return unreachable(failure) }
        if let interruption = facts.interruption {
            findings.add(
                .error, .reachable, "stopped answering while it was examined (\(interruption.message))",
                why: "what follows about it is incomplete", remedy: "Look at its log and at the network, and try again."
            )
        } else {
            findings.ok(.reachable, "answers")
        }
        latency()
        version()
        mode()
        role()
        eviction()
        memory()
        persistence()
        clock()
        access()
    }

    private mutating func unreachable(_ failure: RedisError) {
        var remedy = "Start it, or mend the network between this machine and it."
        switch failure.code {
        case .protocolViolation, .disconnected:
            remedy =
                "Check host and port: something else may listen there. "
                + (facts.configuration.secure
                    ? "If it does not speak TLS, list it with redis:// instead of rediss://."
                    : "If it speaks TLS, list it with rediss:// instead of redis://.")
        case .handshakeRefused: remedy = "Check user and password in the URL, and that the user may call INFO."
        default: break
        }
        findings.add(
            .error, .reachable, failure.message,
            why: "it can neither grant nor renew, and every lock needs a majority of all listed nodes", remedy: remedy)
    }

    private mutating func latency() {
        guard let best = facts.roundTrips.min(), let worst = facts.roundTrips.max() else { return }
        let what = "round trips of \(best.shortMilliseconds) to \(worst.shortMilliseconds) ms"
        if best >= nodeTimeout {
            findings.add(
                .error, .latency, what, why: "rounds end after \(nodeTimeout.milliseconds) ms: it is never counted",
                remedy: "Move it nearer, or raise LockClusterConfiguration.nodeTimeout.")
        } else if best >= nodeTimeout / 5 {
            findings.add(
                .warning, .latency, what,
                why: "acquiring takes one to two round trips to a majority, and rounds end after "
                    + "\(nodeTimeout.milliseconds) ms",
                remedy: "Move the nodes nearer to their clients, or raise LockClusterConfiguration.nodeTimeout.")
        } else {
            findings.ok(.latency, what)
        }
    }

    private mutating func version() {
        guard let version = facts.server?.version else { return }
        let major = version.split(separator: ".").first.flatMap { Int($0) } ?? 0
        if major < 5 {
            findings.add(
                .error, .version, "version \(version)",
                why: "the lock scripts write after reading INFO, which needs 5.0",
                remedy: "Install Redis 7.0 or later, or Valkey.")
        } else if major < 7 {
            findings.add(
                .warning, .version, "version \(version)", why: "tested with 7.0 and later only",
                remedy: "Install Redis 7.0 or later, or Valkey.")
        } else {
            findings.ok(.version, "version \(version)")
        }
    }

    private mutating func mode() {
        guard let mode = facts.server?.mode else { return }
        if mode == "standalone" { return findings.ok(.mode, "an independent server") }
        findings.add(
            .error, .mode, "runs as \(mode)",
            why: "a lock's keys may lie on different servers, and a failover forgets what was promised",
            remedy: "Use independent servers: set cluster-enabled no, and list no sentinel.")
    }

    private mutating func role() {
        guard let role = facts.info["role"] else { return }
        if role == "master" {
            findings.ok(.role, "a primary")
        } else {
            findings.add(
                .error, .role, "a replica of \(facts.info["master_host"] ?? "another server")",
                why: "it takes no writes, and repeats what its primary forgets",
                remedy: "Make it independent, with data of its own.", command: facts.shell("REPLICAOF NO ONE"))
        }
        if let replicas = facts.number("connected_slaves") {
            if replicas > 0 {
                findings.add(
                    .warning, .replicas, "\(replicas) replicas are attached",
                    why: "a replica lags behind: if one is promoted in its place, promises are forgotten",
                    remedy: "Detach them, and never fail over to one: a lock node's redundancy are the other nodes.")
            } else {
                findings.ok(.replicas, "no replica is attached")
            }
        }
        if let offset = facts.number("second_repl_offset"), role == "master" {
            if offset == -1 {
                findings.ok(.ancestry, "was never a replica")
            } else {
                findings.add(
                    .warning, .ancestry, "was a replica before",
                    why: "its data are perhaps not its own last writes, so it waits after each restart like one that "
                        + "forgot", remedy: "Restart it once; from then on it counts as independent.")
            }
        }
    }

    private mutating func eviction() {
        guard let policy = facts.settings?["maxmemory-policy"] ?? facts.info["maxmemory_policy"] else { return }
        if policy == "noeviction" { return findings.ok(.eviction, "never evicts keys") }
        findings.add(
            (facts.number("maxmemory") ?? 0) > 0 ? .error : .warning, .eviction, "maxmemory-policy is \(policy)",
            why: "a node that evicts a counter issues its tokens again, and one that evicts a lock grants it twice",
            remedy: "Set noeviction, in its configuration file too.",
            command: facts.shell("CONFIG SET maxmemory-policy noeviction"))
    }

    private mutating func memory() {
        guard let limit = facts.number("maxmemory"), let used = facts.number("used_memory") else { return }
        guard limit > 0 else { return findings.ok(.memory, "\(used.mebibytes) MiB used, without a limit") }
        let what = "\(used.mebibytes) of \(limit.mebibytes) MiB used"
        guard Double(used) >= Double(limit) * 0.9 else { return findings.ok(.memory, what) }
        findings.add(
            used >= limit ? .error : .warning, .memory, what,
            why: "a node whose memory is full grants nothing",
            remedy: "Raise maxmemory, then drop counters that nobody uses.", command: "holdfast locks forget --idle 7d")
    }

    private mutating func persistence() {
        if facts.info["aof_last_write_status"] == "err" || facts.info["aof_last_bgrewrite_status"] == "err" {
            findings.add(
                .error, .disk, "writing its append-only file failed",
                why: "it refuses writes, or loses what it promised at its next restart",
                remedy: "Look at its log and at the free space of its disk.")
        } else if !facts.info.isEmpty {
            findings.ok(.disk, "its disk takes what it writes")
        }
        let waits =
            "after a restart it cannot prove what it remembers, so it waits for the maximum TTL and for a "
            + "majority of others; if a majority restarts at once, an operator must admit it"
        guard let settings = facts.settings else {
            return findings.add(
                .warning, .persistence, "keeps its settings secret (CONFIG is refused)", why: waits,
                remedy: "Allow this user CONFIG GET.", command: nil)
        }
        var faults: [(what: String, command: String)] = []
        if settings["appendonly"] != "yes" {
            let snapshots = settings["save"].map { !$0.isEmpty } ?? false
            faults.append(
                (
                    snapshots ? "keeps snapshots only: a restart is a roll-back to the last" : "keeps nothing on disk",
                    "appendonly yes"
                ))
        }
        if let fsync = settings["appendfsync"], fsync != "always" {
            faults.append(("syncs its append-only file \(fsync)", "appendfsync always"))
        }
        if settings["no-appendfsync-on-rewrite"] == "yes" {
            faults.append(("does not sync while its file is rewritten", "no-appendfsync-on-rewrite no"))
        }
        if faults.isEmpty { return findings.ok(.persistence, "syncs every write before it answers") }
        let commands = faults.map { facts.shell("CONFIG SET \($0.command)") }.joined(separator: " && ")
        findings.add(
            .warning, .persistence, faults.map(\.what).joined(separator: "; "), why: waits,
            remedy: "Sync every write, in its configuration file too.", command: commands)
    }

    private mutating func clock() {
        guard let first = facts.clocks.first else { return }
        let what = "\(abs(first.ahead.seconds).short) s \(first.ahead < .zero ? "behind" : "ahead of") this machine"
        let jump: Duration? = facts.clocks.last.flatMap { last in
            let change = last.ahead - first.ahead
            let explained = first.uncertainty + last.uncertainty + .milliseconds(100)
            return change > explained || change < .zero - explained ? change : nil
        }
        let saved = facts.number("rdb_last_save_time")
        let uptime = facts.number("uptime_in_seconds") ?? 0
        let now = facts.number("server_time_usec").map { $0 / 1_000_000 }
        let wentBack = uptime < 0 || (saved.flatMap { saved in now.map { saved > $0 + 2 } } ?? false)
        if jump != nil || wentBack {
            findings.add(
                .warning, .clock,
                jump.map { "its clock jumped by \($0.seconds.short) s just now" }
                    ?? "its clock went back since it was started",
                why: "keys expire and uptime counts by it: a jump forwards ends leases early, and lets a node that "
                    + "forgot vote too soon",
                remedy: "Let its clock be slewed, never stepped, while it serves (chrony: makestep 1 3).")
        } else {
            findings.ok(.clock, what)
        }
    }

    private mutating func access() {
        guard facts.configuration.password == nil else { return findings.ok(.access, "asks for a password") }
        if !facts.isLoopback {
            findings.add(
                .warning, .access, "lets anybody in without a password",
                why: "whoever reaches it can free any lock and set any token",
                remedy: "Set a password or ACL users, and "
                    + "give it in the URL; use rediss:// on networks that others share.")
            return
        }
        let everywhere = facts.settings?["bind"].map { bind in
            bind.isEmpty || bind.split(separator: " ").contains { !$0.hasPrefix("127.") && !$0.hasSuffix("::1") }
        }
        if facts.settings?["protected-mode"] == "no", everywhere == true {
            findings.add(
                .warning, .access, "lets anybody in without a password, from other machines too",
                why: "whoever reaches it can free any lock and set any token",
                remedy: "Bind it to this machine only, or set a password.",
                command: facts.shell("CONFIG SET protected-mode yes"))
        } else {
            findings.ok(.access, "reached on this machine only")
        }
    }
}

extension Double {
    fileprivate var short: String { String((self * 1000).rounded() / 1000) }
}

extension Duration {
    fileprivate var shortMilliseconds: String { (seconds * 1000).short }
}

extension Int64 {
    fileprivate var mebibytes: Int64 { self >> 20 }
}
