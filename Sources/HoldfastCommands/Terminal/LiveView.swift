import Synchronization

/// A block of lines that is redrawn in place on a terminal, and plain lines, one after the other, elsewhere.
final class LiveView: Sendable {
    private let output: Output
    private let isLive: Bool
    /// How many lines of the block stand on the screen.
    private let drawn = Mutex(0)

    /// - Parameter isLive: whether to redraw; by default on a terminal.
    init(_ output: Output = .standard, isLive: Bool? = nil) {
        self.output = output
        self.isLive = isLive ?? output.isTerminal
    }

    /// Replaces the block on a terminal; elsewhere writes `plain`, if there is one.
    func show(_ lines: [String], plain: String? = nil) throws {
        guard isLive else {
            if let plain { try output.line(plain) }
            return
        }
        try drawn.withLock { drawn in
            try output.write(Self.erase(drawn) + lines.map { $0 + "\n" }.joined())
            drawn = lines.count
        }
    }

    /// Writes a line that stays, above the block.
    func note(_ text: String) throws {
        try drawn.withLock { drawn in
            try output.write(Self.erase(drawn) + text + "\n")
            drawn = 0
        }
    }

    /// Removes the block.
    func clear() throws {
        try drawn.withLock { drawn in
            if drawn > 0 { try output.write(Self.erase(drawn)) }
            drawn = 0
        }
    }

    /// Up to the first line of the block, and everything below removed.
    private static func erase(_ lines: Int) -> String { lines > 0 ? "\u{1B}[\(lines)A\u{1B}[J" : "" }
}
