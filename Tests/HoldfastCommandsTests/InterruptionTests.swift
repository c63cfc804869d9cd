import Foundation
@testable import HoldfastCommands
import HoldfastRuntime
import Testing

@Suite("An interrupted command", .serialized)
struct InterruptionTests {
    struct Failure: Error {}

    @Test(arguments: [SIGINT, SIGTERM])
    func isCancelledAndMayCleanUp(_ number: Int32) async throws {
        let (cleaned, cleaning) = AsyncStream<Void>.makeStream()
        await #expect(throws: CancellationError.self) {
            try await withInterruption {
                // To the process, as a terminal would.
                kill(getpid(), number)
                // As timeout(1) does; this must not end the process before it has cleaned up.
                kill(getpid(), number)
                do { try await LiveRuntime().sleep(for: .seconds(3600)) } catch { cleaning.finish() }
            }
        }
        for await _ in cleaned {}
    }

    @Test func withoutASignalTheBodyDecides() async throws {
        try await withInterruption {}
        await #expect(throws: Failure.self) { try await withInterruption { throw Failure() } }
    }
}
