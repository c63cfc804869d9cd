import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Wake-up messages that do not come, because those who wait are cut off.
@Suite(.serialized) struct MissedMessageTests {
    @Test(.timeLimit(.minutes(1))) func listenersThatAreCutOffDoNotHangTheirWaiter() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                let held = try await another.acquire(stage.name, ttl: .seconds(50))
                try await stage.settle(another)
                async let next = stage.locks.acquire(stage.name, ttl: .seconds(50), wait: .forever)
                try await eventually { try await stage.witness.listeners(stage.name) == [1, 1, 1, 1, 1] }
                for node in 0..<5 {
                    try await stage.witness.send(node, RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"))
                }
                await another.release(held)
                let lease = try await next
                #expect(lease.token > held.token)
                await stage.locks.release(lease)
                try await eventually { try await stage.witness.listeners(stage.name) == [0, 0, 0, 0, 0] }
            }
        }
    }
}
