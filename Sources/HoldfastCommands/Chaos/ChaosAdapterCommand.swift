import ArgumentParser
import Foundation
import HoldfastChaos

struct ChaosAdapterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter", abstract: "Our own locks behind the protocol of 'holdfast verify --adapter'.",
        discussion: """
            Reads requests from standard input, a line of JSON each, and answers on standard output, until standard \
            input ends. docs/other-locks.md describes the protocol; this is its reference with fencing tokens.

            Example:
              holdfast verify --adapter 'holdfast chaos adapter' --nodes redis://a,redis://b,redis://c
            """)

    func run() async throws {
        let adapter = HoldfastAdapter()
        for await line in Self.lines() { try Output.standard.line(await adapter.answer(line)) }
        await adapter.close()
    }

    /// Reading blocks: it has a thread of its own.
    private static func lines() -> AsyncStream<String> {
        let (lines, feed) = AsyncStream<String>.makeStream()
        let reader = Thread {
            while let line = readLine() { feed.yield(line) }
            feed.finish()
        }
        reader.start()
        return lines
    }
}
