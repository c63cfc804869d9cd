import HoldfastCluster
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import Testing

/// A resource under a lock that readers share.
@Suite(.serialized) struct ReaderTests {
    @Test(.timeLimit(.minutes(1))) func whatAReaderHasReadStaysTrueWhileItHoldsTheLock() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 1) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration)
            let locks = try await LockCluster.connect(configuration)
            let store = RedisClient(try RedisConfiguration(url: cluster.storeURLs[0]))
            let page = try RedisResource("page", on: store)
            let name = try LockName("page")

            let writer = try await locks.acquire(name)
            _ = try await page.raise(to: writer.token)
            let written = try await page.apply([1], token: writer.token, key: try IdempotencyKey("first"))
            #expect(written.token == writer.token)
            await locks.release(writer)

            // Two readers after it; the writer, which was paused, sends once more.
            let first = try await locks.acquireShared(name)
            let second = try await locks.acquireShared(name)
            let read = try await page.raise(to: first.token)
            let alsoRead = try await page.raise(to: second.token)
            #expect(read == [1] && alsoRead == [1])
            await #expect(throws: ResourceError.self) {
                try await page.apply([2], token: writer.token, key: IdempotencyKey("late"))
            }
            let again = try await page.read(first.token)
            #expect(again == [1], "one reader does not shut another out, and nothing has changed")
            await locks.release(first)
            await locks.release(second)

            let next = try await locks.acquire(name)
            _ = try await page.raise(to: next.token)
            await #expect(throws: ResourceError.self) { try await page.read(first.token) }
            await locks.release(next)
            await locks.close()
            await store.close()
        }
    }
}
