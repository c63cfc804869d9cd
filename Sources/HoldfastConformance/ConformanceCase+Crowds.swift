import HoldfastLocks
import HoldfastResources

extension ConformanceCase {
    static let crowds: [ConformanceCase] = [
        // 29 has no common factor with 64: every token once, out of order, so that many are refused.
        crowd("a crowd of holders out of order writes in the order of its tokens and loses no update", stride: 29),
        // In order, so that many are accepted, while others read and write.
        crowd("a crowd of holders in order loses no update", stride: 1),
        ConformanceCase("a crowd with one key writes once") { open in
            let name = "one key"
            let receipts = try await withThrowingTaskGroup(of: WriteReceipt.self) { group in
                for index in 1...32 {
                    let it = Handle(resource: try await open(name), name: name)
                    group.addTask { try await it.apply([1], Int64(index % 2 + 7), "key") }
                }
                var all: [WriteReceipt] = []
                for try await receipt in group { all.append(receipt) }
                return all
            }
            let firsts = receipts.filter { !$0.isReplay }
            try require(firsts.count == 1, "\(firsts.count) calls say that they wrote")
            try require(
                receipts.allSatisfy { $0.token == firsts[0].token && $0.sequence == 1 },
                "the repeats got other receipts: \(shortened(Set(receipts)))")
        },
        ConformanceCase("a crowd of writes by one holder is numbered without gaps") { open in
            let name = "one holder"
            let numbers = try await withThrowingTaskGroup(of: (UInt8, Int64).self) { group in
                for index in 0..<64 as Range<UInt8> {
                    let it = Handle(resource: try await open(name), name: name)
                    group.addTask { (index, try await it.apply([index], 1, "key \(index)").sequence) }
                }
                var all: [(UInt8, Int64)] = []
                for try await number in group { all.append(number) }
                return all.sorted { $0.1 < $1.1 }
            }
            try require(numbers.map(\.1) == Array(1...64), "the numbers are \(numbers.map(\.1))")
            let it = Handle(resource: try await open(name), name: name)
            try it.requireValue(await it.read(1), [numbers[63].0], "the value is not that of the last write")
        },
    ]

    private static func crowd(_ name: String, stride: Int) -> ConformanceCase {
        ConformanceCase(name) { open in
            let count = 64
            let outcomes = try await withThrowingTaskGroup(of: (Int64, WriteReceipt?, Int).self) { group in
                for index in 0..<count {
                    let token = Int64((index * stride) % count + 1)
                    let it = Handle(resource: try await open(name), name: name)
                    group.addTask { try await increment(it, token) }
                }
                var all: [(Int64, WriteReceipt?, Int)] = []
                for try await outcome in group { all.append(outcome) }
                return all
            }
            let written = outcomes.compactMap { token, receipt, counter in receipt.map { (token, $0, counter) } }
                .sorted { $0.1.sequence < $1.1.sequence }
            try require(written.contains { $0.0 == count }, "the holder of the last token was refused")
            var before = FencingToken(rawValue: 0)
            for (index, (token, receipt, counter)) in written.enumerated() {
                try require(receipt.token.rawValue == token && !receipt.isReplay, "another's receipt: \(receipt)")
                try require(receipt.sequence == index + 1, "write \(index + 1) has the number \(receipt.sequence)")
                try require(receipt.token > before, "a write with token \(receipt.token) after one with \(before)")
                try require(counter == index + 1, "write \(index + 1) made the counter \(counter): an update was lost")
                before = receipt.token
            }
            let it = Handle(resource: try await open(name), name: name)
            try it.requireValue(await it.raise(Int64(count)), [UInt8(written.count)], "the counter in the end")
        }
    }

    /// Raises, reads a counter, and writes it back with one more: what a holder does. No receipt when it was too late.
    private static func increment(_ it: Handle, _ token: Int64) async throws -> (Int64, WriteReceipt?, Int) {
        do {
            let counter = Int(try await it.raise(token)?.first ?? 0) + 1
            return (token, try await it.apply([UInt8(counter)], token, "write \(token)"), counter)
        } catch ResourceError.stale(let resource, let refused, let fence) {
            try require(resource == it.name && refused.rawValue == token, "the refusal names another's \(refused)")
            try require(fence > refused, "token \(refused) was refused by the fence \(fence)")
            return (token, nil, 0)
        }
    }
}
