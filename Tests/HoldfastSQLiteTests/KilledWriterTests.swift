import Foundation
import HoldfastLocks
import HoldfastProcess
import HoldfastResources
import HoldfastSQLite
import TestWorld
import Testing

/// Writers are killed in the middle of their writing, and what they leave is judged.
@Suite(.serialized) struct KilledWriterTests {
    enum Kind: String, CaseIterable, Sendable { case file, sqlite }

    /// Starts a writer, and kills it as soon as `count` writes were acknowledged.
    private func write(_ kind: Kind, _ path: String, token: Int64, count: Int) async throws -> [Int64] {
        let writer = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "resource-writer").path
        var command = Command(writer, [kind.rawValue, path, String(token)])
        command.output = .pipe
        let child = try await ChildProcess.start(command)
        var acknowledged: [Int64] = []
        for try await line in try #require(child.output).lines() {
            let numbers = line.split(separator: " ").compactMap { Int64($0) }
            #expect(numbers.count == 2 && numbers[0] == numbers[1], "write \(numbers)")
            acknowledged.append(numbers[0])
            if acknowledged.count == count { child.signal(.kill) }
        }
        #expect(await child.wait() == .signalled(9))
        return acknowledged
    }

    private func block(_ number: Int64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    @Test(.timeLimit(.minutes(2)), arguments: Kind.allCases)
    func nothingAcknowledgedIsLostAndNoValueIsTorn(_ kind: Kind) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/value"
            var all: [Int64] = []
            for round in 1...12 as ClosedRange<Int64> {
                all += try await write(kind, path, token: round, count: Int(round))
                if kind == .file {
                    // Whoever just reads the file, before anybody has tidied up, sees a whole value.
                    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
                    #expect(
                        bytes.count == 65536
                            && Set(stride(from: 0, to: 65536, by: 8).map { bytes[$0..<$0 + 8] }).count == 1)
                }
                let resource: any FencedResource =
                    switch kind {
                    case .file: try FileResource(path)
                    case .sqlite: try await SQLiteStore.open(path).resource("killed")
                    }
                let token = FencingToken(rawValue: round)
                let value = try #require(try await resource.raise(to: token))
                let last = value.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
                let newest = try #require(all.max())
                #expect((newest...newest + 1).contains(last), "acknowledged up to \(newest), found \(last)")
                #expect(value == (0..<8192).flatMap { _ in block(last) }, "a torn value")
                for number in all {
                    let receipt = try await resource.apply(
                        (0..<8192).flatMap { _ in block(number) }, token: token,
                        key: IdempotencyKey("write \(number)"))
                    #expect(receipt.isReplay && receipt.sequence == number, "write \(number): \(receipt)")
                }
            }
            #expect(Set(all).count == all.count, "a number was acknowledged twice")
        }
    }
}
