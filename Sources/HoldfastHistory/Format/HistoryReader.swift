import Foundation

/// Reads histories, also while they are being written: each call returns what is new.
public struct HistoryReader: Sendable {
    private let directory: String
    private var offsets: [String: UInt64] = [:]

    /// - Parameter directory: Every file in it whose name ends with `.jsonl` is one writer's history.
    public init(directory: String) { self.directory = directory }

    /// The events that were completed since the last call, in order of time.
    /// - Throws: ``HistoryError`` for a line that is no event.
    public mutating func next() throws(HistoryError) -> [HistoryEvent] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var events: [HistoryEvent] = []
        for name in names.sorted() where name.hasSuffix(".jsonl") { events += try read(name) }
        return events.sorted { $0.time < $1.time }
    }

    private mutating func read(_ name: String) throws(HistoryError) -> [HistoryEvent] {
        guard let file = FileHandle(forReadingAtPath: "\(directory)/\(name)") else { return [] }
        defer { try? file.close() }
        let start = offsets[name] ?? 0
        guard (try? file.seek(toOffset: start)) != nil, let data = try? file.readToEnd() else { return [] }
        // A line without its end is still being written.
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let complete = data[...end]
        offsets[name] = start + UInt64(complete.count)
        return try HistoryLine.decode(complete, of: name)
    }
}
