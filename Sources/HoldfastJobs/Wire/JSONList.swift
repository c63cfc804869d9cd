import Foundation

/// The lists in RQ's hash fields: JSON arrays, whatever the serializer.
enum JSONList {
    /// Empty when `json` is no array of texts.
    static func texts(_ json: String) -> [String] { (try? parse(json)) ?? [] }

    /// Whole numbers, rounded; empty when `json` is no array of numbers.
    static func integers(_ json: String) -> [Int] {
        let numbers: [Double] = (try? parse(json)) ?? []
        return numbers.compactMap { Int(exactly: $0.rounded()) }
    }

    static func write(_ numbers: [Int64]) -> String { "[\(numbers.map(String.init).joined(separator: ", "))]" }

    /// - Precondition: the texts need no escapes, as ids do not.
    static func write(plain texts: [String]) -> String {
        "[\(texts.map { "\"\($0)\"" }.joined(separator: ", "))]"
    }

    private static func parse<Element: Decodable>(_ json: String) throws -> [Element] {
        guard !json.isEmpty else { return [] }
        return try JSONDecoder.rq.decode([Element].self, from: Data(json.utf8))
    }
}
