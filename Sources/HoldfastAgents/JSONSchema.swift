/// What a JSON value must look like: the part of JSON Schema that models understand and that tools need.
public struct JSONSchema: Sendable, Hashable {
    public indirect enum Shape: Sendable, Hashable {
        /// Exactly these properties; others are refused.
        case object([Property])
        case array(of: JSONSchema, count: ClosedRange<Int>)
        /// The length counts characters.
        case string(length: ClosedRange<Int>)
        case choice([String])
        case integer(ClosedRange<Int64>)
        case number(ClosedRange<Double>)
        case boolean
    }

    public struct Property: Sendable, Hashable {
        public var name: String
        public var schema: JSONSchema
        public var isRequired: Bool

        public static func required(_ name: String, _ schema: JSONSchema) -> Property {
            Property(name: name, schema: schema, isRequired: true)
        }

        /// May be absent or null; then the schema's default, if it has one, takes its place.
        public static func optional(_ name: String, _ schema: JSONSchema) -> Property {
            Property(name: name, schema: schema, isRequired: false)
        }
    }

    public var shape: Shape
    public var description: String?
    public var defaultValue: JSONValue?

    public init(_ shape: Shape, description: String? = nil, default defaultValue: JSONValue? = nil) {
        self.shape = shape
        self.description = description
        self.defaultValue = defaultValue
    }
}

extension JSONSchema {
    public static let anyLength = 0...Int.max
    public static let anyInteger = Int64.min...Int64.max
    public static let anyNumber = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude

    public static func object(_ properties: [Property] = [], description: String? = nil) -> JSONSchema {
        JSONSchema(.object(properties), description: description)
    }

    public static func array(
        of element: JSONSchema, count: ClosedRange<Int> = anyLength, description: String? = nil,
        default defaultValue: JSONValue? = nil
    ) -> JSONSchema {
        JSONSchema(.array(of: element, count: count), description: description, default: defaultValue)
    }

    public static func string(
        length: ClosedRange<Int> = anyLength, description: String? = nil, default defaultValue: JSONValue? = nil
    ) -> JSONSchema {
        JSONSchema(.string(length: length), description: description, default: defaultValue)
    }

    /// One of these strings.
    public static func choice(
        _ choices: [String], description: String? = nil, default defaultValue: JSONValue? = nil
    ) -> JSONSchema {
        JSONSchema(.choice(choices), description: description, default: defaultValue)
    }

    public static func integer(
        _ bounds: ClosedRange<Int64> = anyInteger, description: String? = nil, default defaultValue: JSONValue? = nil
    ) -> JSONSchema {
        JSONSchema(.integer(bounds), description: description, default: defaultValue)
    }

    public static func number(
        _ bounds: ClosedRange<Double> = anyNumber, description: String? = nil, default defaultValue: JSONValue? = nil
    ) -> JSONSchema {
        JSONSchema(.number(bounds), description: description, default: defaultValue)
    }

    public static func boolean(description: String? = nil, default defaultValue: JSONValue? = nil) -> JSONSchema {
        JSONSchema(.boolean, description: description, default: defaultValue)
    }
}
