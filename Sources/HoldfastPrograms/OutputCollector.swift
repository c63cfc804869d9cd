import HoldfastProcess

/// What a program writes on one stream, within a bound.
enum OutputCollector: Sendable, Hashable {
    /// All of it; more than this many bytes is an error.
    case whole(limit: Int)
    /// The last so many bytes.
    case tail(limit: Int)

    struct Text: Sendable, Hashable {
        var bytes: [UInt8] = []
        /// Whether more came than is kept.
        var isCut = false
    }

    /// Reads to the end of the stream, so that the program never waits for a reader.
    ///
    /// - Throws: `ProcessError.tooMuchOutput`, at once; `CancellationError`.
    func read(_ reader: PipeReader) async throws -> Text {
        var text = Text()
        while let bytes = try await reader.read() {
            text.bytes += bytes
            switch self {
            case .whole(let limit):
                if text.bytes.count > limit { throw ProcessError.tooMuchOutput(limit: limit) }
            case .tail(let limit):
                // Twice the bound, so that the front is not moved for every piece.
                if text.bytes.count > 2 * limit { text.bytes.removeFirst(text.bytes.count - limit) }
            }
            if case .tail(let limit) = self, text.bytes.count > limit { text.isCut = true }
        }
        if case .tail(let limit) = self, text.bytes.count > limit {
            text.bytes.removeFirst(text.bytes.count - limit)
        }
        return text
    }
}
