import Foundation
import HoldfastRuntime

/// Runs `body` with a directory that is gone afterwards.
func withTemporaryDirectory<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Value
) async throws -> Value {
    let path = FileManager.default.temporaryDirectory.path + "/holdfast-" + LiveRuntime().randomHex(bytes: 8)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
