import HoldfastHistory
import HoldfastLocks
import HoldfastRedis
import HoldfastResources
import HoldfastRuntime

/// Lets the workers count, and reads the counters at the end.
final class RegisterDriver: WorkloadDriver {
    private let counters: [String]
    private let store: RedisClient
    private let history: HistoryWriter
    private let runtime: any Runtime
    private let isFenced: Bool
    /// The store may be somebody else's.
    private let isGuest: Bool

    init(
        _ workload: Workload, mutant: Mutant?, store: String, history: HistoryWriter, runtime: any Runtime
    ) throws {
        counters = (1...workload.keys).map { workload.registerPrefix + RegisterWork.counter($0) }
        isGuest = !workload.registerPrefix.isEmpty
        self.store = RedisClient(try RedisConfiguration(url: store), runtime: runtime)
        self.history = history
        self.runtime = runtime
        isFenced = mutant != .fenceOff
    }

    func prepare() async throws {}

    /// The workers ask by themselves.
    func produce(until deadline: Instant) async throws { try await runtime.sleep(until: deadline) }

    /// What they have begun they end when they are stopped.
    func isDone() async throws -> Bool { true }

    func testify() async throws {
        for counter in counters {
            history.note(.witness, HistoryFunction.final, [.text(counter), .number(try await value(of: counter))])
        }
    }

    private func value(of counter: String) async throws -> Int64 {
        let register: any FencedResource =
            isFenced ? try RedisResource(counter, on: store) : UnfencedRegister(counter, on: store)
        // Reading does not raise the fence, and nobody has a larger token.
        return RegisterValue.number(try await register.read(.maximum)) ?? 0
    }

    func progress() async throws -> WorkloadProgress {
        var progress = WorkloadProgress()
        for counter in counters { progress.applied += Int(try await value(of: counter)) }
        progress.asked = progress.applied
        return progress
    }

    /// Leaves nothing behind on a store that stays: the keys of writes expire by themselves.
    func close() async {
        if isGuest {
            let keys = counters.map { RedisArgument("holdfast:resource:\($0)") }
            let store = store
            // Also when the run was interrupted.
            try? await runtime.shielded {
                for key in keys { _ = try? await store.send(RedisCommand("DEL", key).idempotent) }
            }
        }
        await store.close()
    }
}
