import HoldfastCluster
import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import HoldfastRuntime

/// Jobs that do nothing, through one worker process: ours, the limit of our scripts without a worker, and other job
/// queues where there are any, one after the other on the same server. Each contestant runs once a round.
struct JobBenchmark {
    let cluster: LocalCluster
    /// How long a contestant is to take about; the number of its jobs follows from its usual speed.
    let span: Duration
    let rounds: Int
    let peers: JobPeers?

    func run() async throws {
        let server = cluster.stores[0]
        let configuration = try RedisConfiguration(url: server.url)
        let control = RedisClient(configuration)
        // Redis rewrites its file when that has doubled: that would meet one contestant, and not another.
        try await control.send(RedisCommand("CONFIG", "SET", "auto-aof-rewrite-percentage", 0))
        var table = JobTable()
        for round in 1...rounds {
            if rounds > 1 { print("round \(round) of \(rounds)") }
            let jobs = Int(40_000 * span.seconds)
            let floor = JobFloor(configuration, jobs: jobs)
            let load = JobLoad(jobs: jobs)
            let pickup = PickupFloor(configuration: configuration, port: server.port, load: load)
            let bulk = BulkFloor(configuration: configuration, port: server.port, load: load)
            try await empty(control)
            var bare = try await floor.runBare()
            bare.note(pickup: try await pickup.bare())
            try await empty(control)
            bare.bulk = try bulk.bare()
            table.add(bare, of: "limit: bare commands", jobs: jobs)
            try await empty(control)
            var scripts = try await floor.run()
            scripts.note(pickup: try await pickup.ours())
            try await empty(control)
            scripts.bulk = try await bulk.ours()
            table.add(scripts, of: "limit: the scripts alone", jobs: jobs)
            for (concurrency, keepsResults) in [(1, true), (32, true), (32, false)] {
                var load = load
                load.concurrency = concurrency
                load.keepsResults = keepsResults
                try await empty(control)
                let figures = try await load.run(connect: {
                    RedisClient(configuration, scripts: JobScripts.all)
                })
                let name = "holdfast, \(concurrency) at once" + (keepsResults ? "" : ", no results")
                table.add(JobResult(figures), of: name, jobs: jobs)
            }
            guard let peers else { continue }
            for peer in try await peers.list() {
                let jobs = max(100, Int(Double(peer.jobsPerSecond) * span.seconds))
                try await empty(control)
                let result = try await peers.run(peer, on: server.port, jobs: jobs)
                table.add(result, of: peer.name, jobs: jobs)
            }
        }
        await control.close()
        print(table.text)
    }

    /// Every contestant finds a server without data, and with a file that is not being rewritten.
    private func empty(_ client: RedisClient) async throws {
        try await client.send(RedisCommand("FLUSHALL"))
        try await client.send(RedisCommand("BGREWRITEAOF"))
        while try await client.send(RedisCommand("INFO", "persistence")).text?.contains("aof_rewrite_in_progress:0")
            != true
        {
            try await client.runtime.sleep(for: .milliseconds(20))
        }
    }
}
