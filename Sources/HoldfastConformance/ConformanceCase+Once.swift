import HoldfastLocks
import HoldfastResources

extension ConformanceCase {
    static let once: [ConformanceCase] = [
        about("a repeat returns the first receipt and writes nothing") { it in
            try it.requireReceipt(await it.apply([1], 2, "a"), 2, 1, "the write")
            try it.requireReceipt(await it.apply([1], 2, "a"), 2, 1, replay: true, "its repeat")
            try it.requireReceipt(await it.apply([2], 3, "b"), 3, 2, "the next write")
            try it.requireReceipt(await it.apply([1], 3, "a"), 2, 1, replay: true, "a repeat with a later token")
            try it.requireReceipt(await it.apply([1], 1, "a"), 2, 1, replay: true, "a repeat with an earlier token")
            try it.requireValue(await it.read(3), [2], "the value after the repeats")
        },
        about("a repeat does not raise the fence") { it in
            try await it.apply([1], 2, "a")
            try it.requireReceipt(await it.apply([1], 9, "a"), 2, 1, replay: true, "a repeat with a later token")
            try it.requireReceipt(await it.apply([2], 3, "b"), 3, 2, "a write with a token between them")
        },
        about("a key that is used for another value is refused") { it in
            try await it.apply([1], 2, "a")
            for token in [2, 3, 1] as [Int64] {
                try await requireRefusal(.keyReused(key: "a"), "another value with token \(token)") {
                    try await it.apply([2], token, "a")
                }
            }
            try await requireRefusal(.keyReused(key: "a"), "an empty value") { try await it.apply([], 2, "a") }
            try it.requireValue(await it.read(2), [1], "the value after it")
            try it.requireReceipt(await it.apply([3], 2, "b"), 2, 2, "the next write")
        },
        about("a refused write consumes neither key nor number") { it in
            _ = try await it.raise(5)
            try await requireRefusal(it.stale(4, behind: 5), "a stale write") { try await it.apply([1], 4, "a") }
            try it.requireReceipt(await it.apply([2], 5, "a"), 5, 1, "another write with the same key")
        },
        about("writes are numbered from one without gaps") { it in
            for number in 1...20 as ClosedRange<Int64> {
                let value = [UInt8(number)]
                try it.requireReceipt(await it.apply(value, number, "\(number)"), number, number, "write \(number)")
                try it.requireReceipt(
                    await it.apply(value, number, "\(number)"), number, number, replay: true, "its repeat")
                try await requireRefusal(.keyReused(key: "\(number)"), "another value") {
                    try await it.apply([0], number, "\(number)")
                }
                guard number > 1 else { continue }
                try await requireRefusal(it.stale(number - 1, behind: number), "a stale write") {
                    try await it.apply(value, number - 1, "stale \(number)")
                }
            }
        },
        about("keys are equal only when their bytes are") { it in
            let keys = [
                "a", "A", " a", "a ", "a\0", "a\0b", "\0", "\n", "\r\n", "../a", "a/b", "a:b", "a%2Fb", "a\"b", "a\\b",
                "'; --", "\u{e9}", "e\u{301}", "\u{1F980}", String(repeating: "k", count: 256),
                String(repeating: "k", count: 255),
            ]
            for (index, key) in keys.enumerated() {
                let receipt = try await it.apply([UInt8(index)], 1, key)
                try it.requireReceipt(receipt, 1, Int64(index + 1), "the key \(String(reflecting: key))")
            }
            for (index, key) in keys.enumerated() {
                let receipt = try await it.apply([UInt8(index)], 1, key)
                try it.requireReceipt(
                    receipt, 1, Int64(index + 1), replay: true, "the key \(String(reflecting: key)) again")
            }
        },
    ]
}
