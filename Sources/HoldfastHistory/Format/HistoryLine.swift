public import Foundation

/// An event as a line of JSON.
public enum HistoryLine {
    /// With its line feed, and keys in order: equal events are equal lines.
    public static func encode(_ event: HistoryEvent) throws(HistoryError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            var line = try encoder.encode(event)
            line.append(UInt8(ascii: "\n"))
            return line
        } catch { throw HistoryError("an event cannot be written as JSON: \(error)") }
    }

    /// The events of complete lines.
    /// - Throws: ``HistoryError`` for a line that is no event: a history that cannot be trusted is not judged.
    static func decode(_ lines: Data, of file: String) throws(HistoryError) -> [HistoryEvent] {
        let decoder = JSONDecoder()
        var events: [HistoryEvent] = []
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            do { events.append(try decoder.decode(HistoryEvent.self, from: line)) } catch {
                let text = String(decoding: line.prefix(100), as: UTF8.self)
                throw HistoryError("\(file) holds a line that is no event: \(text)")
            }
        }
        return events
    }
}
