import HoldfastLocks
import HoldfastResources

extension ConformanceCase {
    static let fences: [ConformanceCase] = [
        about("a blank resource has no value") { it in
            try it.requireValue(await it.raise(1), nil, "the first raise")
            try it.requireValue(await it.read(1), nil, "a read after it")
        },
        about("raising returns the value") { it in
            _ = try await it.raise(3)
            try await it.apply([1, 2], 3, "a")
            try it.requireValue(await it.raise(3), [1, 2], "raising again to the same token")
            try it.requireValue(await it.raise(7), [1, 2], "raising to a later token")
            try it.requireValue(await it.read(7), [1, 2], "reading under it")
        },
        about("the fence never falls") { it in
            _ = try await it.raise(9)
            try await requireRefusal(it.stale(8, behind: 9), "raising from 9 to 8") { try await it.raise(8) }
            try await requireRefusal(it.stale(8, behind: 9), "reading with 8") { try await it.read(8) }
            _ = try await it.raise(9)
            _ = try await it.raise(12)
            try await requireRefusal(it.stale(9, behind: 12), "the former token") { try await it.read(9) }
        },
        about("reading does not raise the fence") { it in
            _ = try await it.raise(2)
            _ = try await it.read(5)
            try await it.apply([1], 2, "a")
        },
        about("a write that was on its way when the fence was raised is refused") { it in
            _ = try await it.raise(1)
            try await it.apply([1], 1, "a")
            _ = try await it.raise(2)
            try await requireRefusal(it.stale(1, behind: 2), "the late write") { try await it.apply([9], 1, "late") }
            try it.requireValue(await it.read(2), [1], "the value after it")
        },
        about("a write raises the fence to its token") { it in
            try await it.apply([1], 4, "a")
            try await it.apply([2], 6, "b")
            try await requireRefusal(it.stale(5, behind: 6), "a write between them") { try await it.apply([3], 5, "c") }
            try await requireRefusal(it.stale(5, behind: 6), "a read between them") { try await it.read(5) }
            try it.requireValue(await it.read(6), [2], "the value")
        },
        about("one holder writes and reads as often as it likes") { it in
            for number in 1...5 {
                _ = try await it.raise(3)
                let receipt = try await it.apply([UInt8(number)], 3, "key \(number)")
                try it.requireReceipt(receipt, 3, Int64(number), "write \(number)")
                try it.requireValue(await it.read(3), [UInt8(number)], "read \(number)")
            }
        },
        about("tokens are from 1 to 2^53 - 1") { it in
            let largest = FencingToken.maximum.rawValue
            for token in [0, -1, .min, largest + 1, .max] {
                try await requireInvalid("raising to \(token)") { try await it.raise(token) }
                try await requireInvalid("reading with \(token)") { try await it.read(token) }
                try await requireInvalid("writing with \(token)") { try await it.apply([1], token, "k") }
            }
            try it.requireReceipt(await it.apply([1], largest - 1, "a"), largest - 1, 1, "the last token but one")
            try it.requireReceipt(await it.apply([2], largest, "b"), largest, 2, "the last token")
            try await requireRefusal(it.stale(largest - 1, behind: largest), "the last but one after the last") {
                try await it.read(largest - 1)
            }
        },
    ]
}
