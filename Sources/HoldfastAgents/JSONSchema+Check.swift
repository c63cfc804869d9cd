extension JSONSchema {
    /// The value with defaults filled in, or every violation (up to `SchemaViolations.limit`) with its path.
    public func checked(_ value: JSONValue, path: String = "arguments") throws(SchemaViolations) -> JSONValue {
        var check = SchemaCheck()
        let complete = check.run(self, value, path)
        if check.violations.isEmpty { return complete }
        throw SchemaViolations(violations: check.violations)
    }

    /// Mistakes in the schema itself: a property named twice, a default that breaks its own schema, no choices.
    var mistakes: [String] { mistakes(path: "parameters") }

    private func mistakes(path: String) -> [String] {
        var found: [String] = []
        switch shape {
        case .object(let properties):
            for (index, property) in properties.enumerated() {
                if properties[..<index].contains(where: { $0.name == property.name }) {
                    found.append("\(path).\(property.name) is named twice")
                }
                found += property.schema.mistakes(path: "\(path).\(property.name)")
            }
        case .array(let element, _): found += element.mistakes(path: "\(path)[]")
        case .choice(let choices) where choices.isEmpty: found.append("\(path) has no choices")
        default: break
        }
        if let defaultValue {
            do { _ = try checked(defaultValue, path: path) } catch { found.append("the default of \(error)") }
        }
        return found
    }
}

/// One walk over a value.
private struct SchemaCheck {
    private(set) var violations: [SchemaViolations.Violation] = []

    mutating func run(_ schema: JSONSchema, _ value: JSONValue, _ path: String) -> JSONValue {
        switch (schema.shape, value) {
        case (.object(let properties), .object(let members)): return object(properties, members, path)
        case (.array(let element, let count), .array(let elements)):
            within(count, elements.count, path, "elements")
            var checked: [JSONValue] = []
            for (index, value) in elements.enumerated() {
                if violations.count >= SchemaViolations.limit { break }
                checked.append(run(element, value, "\(path)[\(index)]"))
            }
            return .array(checked)
        case (.string(let length), .string(let text)): within(length, text.count, path, "characters")
        case (.choice(let choices), .string(let text)):
            if !choices.contains(text) {
                note(path, "must be one of \(choices.joined(separator: ", ")), got \(excerpt(value))")
            }
        case (.integer(let bounds), .integer(let number)): within(bounds, number, path, "")
        case (.number(let bounds), .integer(let number)): within(bounds, Double(number), path, "")
        case (.number(let bounds), .number(let number)): within(bounds, number, path, "")
        case (.boolean, .bool): break
        default: note(path, "must be \(schema.kind), got \(value.kind): \(excerpt(value))")
        }
        return value
    }

    private mutating func object(
        _ properties: [JSONSchema.Property], _ members: [String: JSONValue], _ path: String
    ) -> JSONValue {
        var complete: [String: JSONValue] = [:]
        for property in properties {
            let value = members[property.name]
            if let value, value != .null || property.isRequired {
                complete[property.name] = run(property.schema, value, "\(path).\(property.name)")
            } else if let value = property.schema.defaultValue {
                complete[property.name] = value
            } else if property.isRequired {
                note("\(path).\(property.name)", "is required and missing")
            }
        }
        let names = properties.map(\.name)
        for name in members.keys.sorted() where !names.contains(name) {
            let allowed = names.isEmpty ? "nothing is allowed here" : "allowed: \(names.joined(separator: ", "))"
            note("\(path).\(name)", "is unknown; \(allowed)")
        }
        return .object(complete)
    }

    private mutating func within<Bound: Comparable>(
        _ bounds: ClosedRange<Bound>, _ value: Bound, _ path: String, _ unit: String
    ) {
        let unit = unit.isEmpty ? "" : " " + unit
        if value < bounds.lowerBound { note(path, "must be at least \(bounds.lowerBound)\(unit), got \(value)") }
        if value > bounds.upperBound { note(path, "must be at most \(bounds.upperBound)\(unit), got \(value)") }
    }

    private mutating func note(_ path: String, _ message: String) {
        if violations.count < SchemaViolations.limit { violations.append(.init(path: path, message: message)) }
    }

    private func excerpt(_ value: JSONValue) -> String {
        let text = value.text
        return text.count > 60 ? text.prefix(60) + "…" : text
    }
}

extension JSONSchema {
    fileprivate var kind: String {
        switch shape {
        case .object: "an object"
        case .array: "an array"
        case .string, .choice: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a boolean"
        }
    }
}
