import Foundation
import HoldfastLocks
import HoldfastResources
import HoldfastSQLite

/// Writes to a fenced resource, one value after the other, and prints the number of each write that was acknowledged,
/// until it is killed: `resource-writer file|sqlite PATH TOKEN`.
@main
struct ResourceWriter {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3, let number = Int64(arguments[2]) else { exit(2) }
        let resource: any FencedResource =
            switch arguments[0] {
            case "file": try FileResource(arguments[1])
            default: try await SQLiteStore.open(arguments[1]).resource("killed")
            }
        let token = FencingToken(rawValue: number)
        // The value begins with its number: a writer goes on where the one before it was killed.
        var count = try await resource.raise(to: token).map(Self.number) ?? 0
        while true {
            count += 1
            let receipt = try await resource.apply(
                Self.value(count), token: token, key: IdempotencyKey("write \(count)"))
            print("\(count) \(receipt.sequence)")
            fflush(nil)
        }
    }

    /// Many blocks, all with the number: a torn value shows.
    static func value(_ number: Int64) -> [UInt8] {
        (0..<8192).flatMap { _ in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    }

    static func number(_ value: [UInt8]) -> Int64 { value.prefix(8).reduce(0) { $0 << 8 | Int64($1) } }
}
