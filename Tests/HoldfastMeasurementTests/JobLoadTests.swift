import HoldfastCluster
import HoldfastJobs
import HoldfastMeasurement
import HoldfastRedis
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct JobLoadTests {
    @Test func everyJobIsCountedAndNothingStaysBehind() async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1, storeFsync: .never) { cluster in
            let configuration = try RedisConfiguration(url: cluster.storeURLs[0])
            let client = RedisClient(configuration)
            try await client.send(RedisCommand("SET", "somebody's", "own"))
            var load = JobLoad(jobs: 3000)
            load.workers = 2
            load.concurrency = 8
            load.pickups = 20
            let figures = try await load.run(connect: { RedisClient(configuration, scripts: JobScripts.all) })
            #expect(figures.enqueue.operations == 300 && figures.bulk.operations == 2700)
            #expect(figures.drain.operations == 3000 && figures.drain.perSecond > 0)
            #expect(figures.pickup.count == 20)
            #expect(figures.cpu > .zero && figures.resident > 1 << 20)
            // Counted, not timed: outcomes and takes travel in batches, whose size follows the machine. One by one they
            // would be two round trips a job.
            #expect(figures.roundTripsPerJob < 1, "\(figures.roundTripsPerJob)")
            #expect((6..<16).contains(figures.commandsPerJob), "\(figures.commandsPerJob)")
            #expect(try await client.send(RedisCommand("KEYS", "*")).array == [.bytes(Array("somebody's".utf8))])
            await client.close()
        }
    }
}
