import HoldfastRedis
import HoldfastRuntime
import LockFaults
import Testing

@testable import HoldfastLocks

/// Clocks that jump, and a client that stood still for longer than its lease.
@Suite(.serialized) struct ClockTests {
    /// The civil clock jumps by months at every reading, if anybody reads it.
    @Test(.timeLimit(.minutes(1))) func theCivilClockDecidesNothing() async throws {
        try await withFailureStage { stage in
            let (locks, name) = (stage.locks, stage.name)
            let (result, traces) = await Watch.over {
                try await locks.withLock(name, ttl: .seconds(30), wait: .forever) { lease in
                    try await stage.renew(lease)
                    return lease.isValid
                }
            }
            let isValid = try result.get()
            #expect(isValid)
            #expect(traces.counts.wallReadings.value == 0)
        }
    }

    /// The client stands still; its lease ends at the nodes, another comes; then it wakes and goes on.
    @Test(.timeLimit(.minutes(1))) func aClientThatWakesAfterItsLeaseIsToldAndHarmsNobody() async throws {
        try await withFailureStage { stage in
            try await stage.withAnother { another in
                let next = Task { [stage] in
                    try await stage.locks.withLock(stage.name, ttl: .seconds(50)) { lease in
                        for node in 0..<5 { stage.link(node).hold(requests: true, replies: true) }
                        try await stage.witness.expire(stage.name)
                        let next = try await another.acquire(stage.name, ttl: .seconds(50))
                        stage.runtime.jump(.seconds(51))
                        #expect(!lease.isValid)
                        #expect(throws: LockError.self) { try lease.checkValid() }
                        #expect(next.token > lease.token)
                        for node in 0..<5 { stage.link(node).heal() }
                        // It is not told of it by an error alone: its work is cancelled.
                        while !Task.isCancelled { await Task.yield() }
                        return next
                    }
                }
                let error = await #expect(throws: LockError.self) { try await next.value }
                guard case .lost = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                try await stage.settle()
                let owners = try await stage.witness.owners(stage.name)
                #expect(owners[0] != nil && Set(owners).count == 1, "the other's lock was freed by who woke")
            }
        }
    }

    /// What was granted while it stood still may be over: it is given back, not returned.
    @Test(.timeLimit(.minutes(1))) func anAttemptThatSleptForItsTTLReturnsNoLease() async throws {
        try await withFailureStage { stage in
            for node in 0..<5 { stage.link(node).hold(replies: true) }
            let attempt = Task { try await stage.locks.acquire(stage.name, ttl: .seconds(20)) }
            try await eventually { try await stage.witness.owners(stage.name).allSatisfy { $0 != nil } }
            stage.runtime.jump(.seconds(21))
            for node in 0..<5 { stage.link(node).heal() }
            let error = await #expect(throws: LockError.self) { try await attempt.value }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await stage.settle()
            #expect(try await stage.witness.owners(stage.name).allSatisfy { $0 == nil })
        }
    }

    @Test(.timeLimit(.minutes(1))) func aShortStandstillIsMadeUpForByTheNextRenewal() async throws {
        try await withFailureStage { stage in
            let isValid = try await stage.locks.withLock(stage.name, ttl: .seconds(50)) { lease in
                stage.runtime.jump(.seconds(30))
                try await eventually { lease.renewals == 1 }
                return lease.isValid
            }
            #expect(isValid)
        }
    }
}
