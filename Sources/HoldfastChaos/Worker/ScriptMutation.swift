import HoldfastRedis
import NIOCore

/// Changes lines of scripts on their way to the servers: a mutant without a switch in what is shipped.
///
/// A line is replaced by one of the same length, so that what stands around it in the stream stays as it is. A script
/// that has no such line any more is left whole, and the mutant survives, which fails the battery.
struct ScriptMutation: Sendable, Hashable {
    let line: String
    /// Made as long as the line by spaces behind it.
    let replacement: String

    /// `naive-token`: who writes its token back is told that this was done, and nothing is: the token is the largest
    /// of a majority of counters, and perhaps kept by one node only.
    static let naiveToken = [
        ScriptMutation(line: "if redis.pcall('GET', KEYS[place]) ~= ARGV[1] then return {0, 0} end", replacement: ""),
        ScriptMutation(
            line: "if tonumber(redis.call('GET', KEYS[names + place]) or 0) > token then return {0, 0} end",
            replacement: ""),
        ScriptMutation(
            line: "for place = 1, names do redis.call('SET', KEYS[names + place], ARGV[2]) end", replacement: ""),
    ]

    /// `stale-completion`: an outcome is recorded whether or not its execution is still the job's.
    static let staleCompletion = [
        ScriptMutation(line: "local mine = scores[index]", replacement: "local mine = true")
    ]

    fileprivate func apply(to bytes: inout [UInt8]) {
        let old = Array(line.utf8)
        let new = Array(replacement.utf8) + Array(repeating: UInt8(ascii: " "), count: line.utf8.count)
        while let found = bytes.firstRange(of: old) { bytes.replaceSubrange(found, with: new.prefix(old.count)) }
    }
}

/// Sockets on which scripts are changed.
struct MutatingTransport: ByteTransport {
    private let base = NIOTransport()
    private let mutations: [ScriptMutation]

    init(_ mutations: [ScriptMutation]) { self.mutations = mutations }

    func makeStrand() -> any Strand { base.makeStrand() }

    func open(
        _ address: RedisAddress, secure: Bool, timeout: Duration, on strand: any Strand,
        events: any ByteStreamEvents
    ) {
        let tap = Tap(mutations, events)
        base.open(address, secure: secure, timeout: timeout, on: strand, events: tap)
    }

    /// Between a real stream and its owner.
    private final class Tap: ByteStream, ByteStreamEvents, @unchecked Sendable {
        // @unchecked: lives on the stream's strand.
        private let mutations: [ScriptMutation]
        private let owner: any ByteStreamEvents
        private var stream: (any ByteStream)?

        init(_ mutations: [ScriptMutation], _ owner: any ByteStreamEvents) {
            self.mutations = mutations
            self.owner = owner
        }

        func write(_ bytes: ByteBuffer) {
            var changed = Array(bytes.readableBytesView)
            for mutation in mutations { mutation.apply(to: &changed) }
            stream?.write(ByteBuffer(bytes: changed))
        }

        var isWritable: Bool { stream?.isWritable ?? false }

        func close() { stream?.close() }

        func opened(_ stream: any ByteStream) {
            self.stream = stream
            owner.opened(self)
        }

        func received(_ bytes: ByteBuffer) { owner.received(bytes) }

        func writabilityChanged() { owner.writabilityChanged() }

        func closed(_ reason: String?) { owner.closed(reason) }
    }
}
