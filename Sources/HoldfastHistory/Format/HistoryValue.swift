/// What an operation was asked to do, or answered: the part of JSON that histories use.
public enum HistoryValue: Sendable, Hashable {
    case null
    case number(Int64)
    case text(String)
    case list([HistoryValue])

    public var number: Int64? { if case .number(let number) = self { number } else { nil } }
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    public var list: [HistoryValue]? { if case .list(let list) = self { list } else { nil } }

    /// The element of a list; null beyond its end and in what is no list.
    public subscript(index: Int) -> HistoryValue {
        guard case .list(let list) = self, list.indices.contains(index) else { return .null }
        return list[index]
    }

    /// An optional number, null for none.
    public static func optional(_ number: Int64?) -> HistoryValue { number.map(HistoryValue.number) ?? .null }
}

extension HistoryValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public init(stringLiteral text: String) { self = .text(text) }
    public init(integerLiteral number: Int64) { self = .number(number) }
    public init(arrayLiteral elements: HistoryValue...) { self = .list(elements) }
}

extension HistoryValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([HistoryValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        }
    }
}

extension HistoryValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: "nil"
        case .number(let number): String(number)
        case .text(let text): text
        case .list(let list): "[" + list.map(\.description).joined(separator: " ") + "]"
        }
    }
}
