import HoldfastResources

extension ConformanceCase {
    static let values: [ConformanceCase] = [
        about("an empty value is a value") { it in
            try it.requireReceipt(await it.apply([], 1, "a"), 1, 1, "writing it")
            try it.requireValue(await it.read(1), [], "reading it")
            try it.requireValue(await it.raise(2), [], "raising")
            try it.requireReceipt(await it.apply([], 2, "a"), 1, 1, replay: true, "repeating it")
            try await it.apply([1], 2, "b")
            try await it.apply([], 2, "c")
            try it.requireValue(await it.read(2), [], "empty after full")
        },
        about("every byte comes back as it was") { it in
            let every = Array(UInt8.min...UInt8.max)
            let samples: [[UInt8]] = [every, every.reversed(), [0], [0, 0], [10], [13, 10], [255], Array("nil".utf8)]
            for (index, value) in samples.enumerated() {
                try await it.apply(value, 1, "\(index)")
                try it.requireValue(await it.read(1), value, "sample \(index)")
            }
        },
        about("a value may have megabytes") { it in
            let value = patterned(4 << 20)
            try it.requireReceipt(await it.apply(value, 1, "a"), 1, 1, "writing 4 MiB")
            try it.requireValue(await it.read(1), value, "reading 4 MiB")
            try it.requireReceipt(await it.apply(value, 2, "a"), 1, 1, replay: true, "repeating 4 MiB")
            let other = value.dropLast() + [value[value.count - 1] ^ 1]
            try await requireRefusal(.keyReused(key: "a"), "4 MiB with another last bit") {
                try await it.apply(Array(other), 2, "a")
            }
            try await it.apply([7], 2, "b")
            try it.requireValue(await it.read(2), [7], "a small value after a large one")
        },
    ]

    /// Bytes in which a lost, doubled or moved block shows.
    private static func patterned(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var state: UInt32 = 1
            for index in 0..<count {
                state = state &* 1_664_525 &+ 1_013_904_223
                buffer[index] = UInt8(truncatingIfNeeded: state >> 24)
            }
            initialized = count
        }
    }
}
