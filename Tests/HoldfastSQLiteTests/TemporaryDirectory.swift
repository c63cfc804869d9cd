import Foundation
import HoldfastRuntime
import Synchronization

/// Runs `body` with a directory that is gone afterwards.
func withTemporaryDirectory<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Value
) async throws -> Value {
    let path = FileManager.default.temporaryDirectory.path + "/holdfast-" + LiveRuntime().randomHex(bytes: 8)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Civil time that a test sets; everything else is the machine's.
final class SetClock: Runtime {
    private let live = LiveRuntime()
    private let seconds = Mutex<Int64>(1_000_000)

    var now: Instant { live.now }
    var wallTime: WallTime { WallTime(microseconds: seconds.withLock { $0 } * 1_000_000) }
    func sleep(until deadline: Instant) async throws { try await live.sleep(until: deadline) }
    func randomBits() -> UInt64 { live.randomBits() }

    func advance(seconds: Int64) { self.seconds.withLock { $0 += seconds } }
}
