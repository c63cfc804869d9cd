import Glibc
import Synchronization

/// The machine's own clocks and random source.
public struct LiveRuntime: Runtime {
    public init() {}

    public var now: Instant { Instant(nanoseconds: Self.read(CLOCK_BOOTTIME)) }

    public var wallTime: WallTime { WallTime(microseconds: Self.read(CLOCK_REALTIME) / 1000) }

    public func sleep(until deadline: Instant) async throws {
        // ContinuousClock is CLOCK_BOOTTIME on Linux, the clock that `now` reads.
        try await Task.sleep(for: now.duration(to: deadline), tolerance: .zero, clock: .continuous)
    }

    public func randomBits() -> UInt64 { KernelRandom.next() }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        precondition(clock_gettime(clock, &time) == 0, "the kernel has no clock \(clock)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The kernel's random numbers, fetched some at a time: a call for each was a twentieth of a lock's processor time.
private enum KernelRandom {
    private static let stock = Mutex<[UInt64]>([])

    static func next() -> UInt64 {
        stock.withLock { stock in
            if stock.isEmpty { stock = fetch(32) }
            return stock.removeLast()
        }
    }

    /// - Parameter count: At most 32, for more than 256 bytes at once are refused.
    private static func fetch(_ count: Int) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            if let start = bytes.baseAddress {
                precondition(getentropy(start, bytes.count) == 0, "the kernel gives no random numbers")
            }
            filled = count
        }
    }
}
