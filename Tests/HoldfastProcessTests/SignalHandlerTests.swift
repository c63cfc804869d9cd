import Foundation
import HoldfastProcess
import Testing

@Suite("Handlers of signals", .serialized)
struct SignalHandlerTests {
    private static let usr1 = Signal(rawValue: SIGUSR1)

    @Test func hearEverySignalUntilRemoved() async throws {
        // Left so: the main thread blocks signals, so that the last one may be delivered only after this test.
        signal(SIGUSR1, SIG_IGN)
        let (heard, hearing) = AsyncStream<Void>.makeStream()
        let handler = try SignalHandler(Self.usr1) { hearing.yield() }
        var next = heard.makeAsyncIterator()
        for _ in 0..<20 {
            kill(getpid(), SIGUSR1)
            await next.next()
        }
        handler.remove()
        handler.remove()
        // Ignored again, as it was: the process survives it and nobody hears.
        kill(getpid(), SIGUSR1)
        hearing.finish()
        #expect(await next.next() == nil)
    }

    @Test func areOnePerSignal() throws {
        let first = try SignalHandler(Self.usr1) {}
        #expect(throws: ProcessError.system(operation: "catching signal \(SIGUSR1)", errno: EBUSY)) {
            _ = try SignalHandler(Self.usr1) {}
        }
        first.remove()
        try SignalHandler(Self.usr1) {}.remove()
    }

    @Test(arguments: [SIGKILL, 0, 65]) func needASignalThatCanBeCaught(_ number: Int32) {
        #expect(throws: ProcessError.system(operation: "catching \(Signal(rawValue: number))", errno: EINVAL)) {
            _ = try SignalHandler(Signal(rawValue: number)) {}
        }
    }
}
