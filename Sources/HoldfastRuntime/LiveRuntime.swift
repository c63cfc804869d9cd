import Glibc

/// The machine's own clocks and random source.
public struct LiveRuntime: Runtime {
    public init() {}

    public var now: Instant { Instant(nanoseconds: Self.read(CLOCK_BOOTTIME)) }

    public var wallTime: WallTime { WallTime(microseconds: Self.read(CLOCK_REALTIME) / 1000) }

    public func sleep(until deadline: Instant) async throws {
        // ContinuousClock is CLOCK_BOOTTIME on Linux, the clock that `now` reads.
        try await Task.sleep(for: now.duration(to: deadline), tolerance: .zero, clock: .continuous)
    }

    public func randomBits() -> UInt64 {
        var source = SystemRandomNumberGenerator()
        return source.next()
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        precondition(clock_gettime(clock, &time) == 0, "the kernel has no clock \(clock)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
