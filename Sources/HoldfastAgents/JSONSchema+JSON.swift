extension JSONSchema {
    /// The schema as JSON Schema, for a model. Bounds that allow everything are left out.
    public var json: JSONValue {
        var members = shapeMembers
        if let description { members["description"] = .string(description) }
        if let defaultValue { members["default"] = defaultValue }
        return .object(members)
    }

    private var shapeMembers: [String: JSONValue] {
        switch shape {
        case .object(let properties):
            [
                "type": "object",
                "properties": .object(Dictionary(properties.map { ($0.name, $0.schema.json) }) { first, _ in first }),
                "required": .array(properties.filter(\.isRequired).map { .string($0.name) }),
                "additionalProperties": false,
            ]
        case .array(let element, let count):
            Self.bounded(
                ["type": "array", "items": element.json], ("minItems", "maxItems"), count, Self.anyLength,
                { .integer(Int64($0)) })
        case .string(let length):
            Self.bounded(
                ["type": "string"], ("minLength", "maxLength"), length, Self.anyLength, { .integer(Int64($0)) })
        case .choice(let choices): ["type": "string", "enum": .array(choices.map { .string($0) })]
        case .integer(let bounds):
            Self.bounded(
                ["type": "integer"], ("minimum", "maximum"), bounds, Self.anyInteger, { .integer($0) })
        case .number(let bounds):
            Self.bounded(["type": "number"], ("minimum", "maximum"), bounds, Self.anyNumber, { .number($0) })
        case .boolean: ["type": "boolean"]
        }
    }

    private static func bounded<Bound: Comparable>(
        _ members: [String: JSONValue], _ names: (String, String), _ bounds: ClosedRange<Bound>,
        _ everything: ClosedRange<Bound>, _ json: (Bound) -> JSONValue
    ) -> [String: JSONValue] {
        var members = members
        if bounds.lowerBound > everything.lowerBound { members[names.0] = json(bounds.lowerBound) }
        if bounds.upperBound < everything.upperBound { members[names.1] = json(bounds.upperBound) }
        return members
    }
}
