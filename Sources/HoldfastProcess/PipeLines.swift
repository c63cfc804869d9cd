/// The lines that a child writes. Bytes that are not UTF-8 are replaced.
public struct PipeLines: AsyncSequence, Sendable {
    let reader: PipeReader
    let limit: Int

    public func makeAsyncIterator() -> Iterator { Iterator(reader: reader, limit: limit) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let reader: PipeReader
        let limit: Int
        private var buffer: [UInt8] = []
        private var scanned = 0
        private var ended = false

        init(reader: PipeReader, limit: Int) {
            precondition(limit > 0, "a line needs room")
            self.reader = reader
            self.limit = limit
        }

        public mutating func next() async throws -> String? {
            while true {
                if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")), end <= limit {
                    return take(end, dropping: end + 1)
                }
                scanned = buffer.count
                if buffer.count >= limit { return take(limit, dropping: limit) }
                if ended { return buffer.isEmpty ? nil : take(buffer.count, dropping: buffer.count) }
                if let bytes = try await reader.read(upTo: Swift.min(limit, 65536)) {
                    buffer += bytes
                } else {
                    ended = true
                }
            }
        }

        private mutating func take(_ count: Int, dropping: Int) -> String {
            let line = String(decoding: buffer[..<count], as: UTF8.self)
            buffer.removeFirst(dropping)
            scanned = 0
            return line
        }
    }
}
