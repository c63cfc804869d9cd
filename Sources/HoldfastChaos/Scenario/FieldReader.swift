import Yams

/// Reads the fields of one mapping of a YAML file. Every complaint names line and field; a field that nobody asked for
/// is a complaint too.
struct FieldReader {
    private let file: String
    private let path: String
    private let mapping: Node.Mapping
    private let line: Int
    private var read: Set<String> = []

    /// - Parameter path: Where the mapping stands, such as `faults[2]`; empty for the whole file.
    init(_ node: Node, file: String, path: String) throws(ChaosError) {
        guard case .mapping(let mapping) = node else {
            throw Self.complaint(file, node.mark?.line, path, "fields are expected here")
        }
        self.file = file
        self.path = path
        self.mapping = mapping
        line = node.mark?.line ?? 1
    }

    private static func complaint(_ file: String, _ line: Int?, _ field: String, _ text: String) -> ChaosError {
        ChaosError("\(file):\(line ?? 1): \(field.isEmpty ? "" : field + ": ")\(text)", isUsage: true)
    }

    private func name(_ field: String) -> String { path.isEmpty ? field : "\(path).\(field)" }

    /// A complaint about a field.
    func complaint(_ field: String, _ text: String) -> ChaosError {
        Self.complaint(file, mapping[Node(field)]?.mark?.line ?? line, name(field), text)
    }

    mutating func node(_ field: String) -> Node? {
        read.insert(field)
        return mapping[Node(field)]
    }

    mutating func text(_ field: String) throws(ChaosError) -> String? {
        guard let node = node(field) else { return nil }
        guard let text = node.scalar?.string else { throw complaint(field, "a text is expected") }
        return text
    }

    mutating func required(_ field: String) throws(ChaosError) -> String {
        guard let text = try text(field) else { throw complaint(field, "is missing") }
        return text
    }

    mutating func number(_ field: String, in range: ClosedRange<Int>) throws(ChaosError) -> Int? {
        guard let text = try text(field) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw complaint(field, "a number from \(range.lowerBound) to \(range.upperBound) is expected, not \(text)")
        }
        return number
    }

    mutating func span(_ field: String) throws(ChaosError) -> Duration? {
        guard let text = try text(field) else { return nil }
        return try span(text, of: field)
    }

    func span(_ text: String, of field: String) throws(ChaosError) -> Duration {
        guard let span = SpanText.parse(text) else {
            throw complaint(field, "a span such as 250ms, 1.5s or 2m is expected, not \(text)")
        }
        return span
    }

    /// One of the values of an enumeration.
    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ type: Value.Type
    ) throws(ChaosError) -> Value? {
        guard let text = try text(field) else { return nil }
        return try choice(text, of: field)
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String, of field: String
    ) throws(ChaosError) -> Value {
        if let value = Value(rawValue: text) { return value }
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw complaint(field, "one of \(known) is expected, not \(text)")
    }

    /// A list of texts; one alone need not be written as a list.
    mutating func list(_ field: String) throws(ChaosError) -> [String]? {
        guard let node = node(field) else { return nil }
        if let text = node.scalar?.string { return [text] }
        guard let sequence = node.sequence else { throw complaint(field, "a list is expected") }
        var texts: [String] = []
        for element in sequence {
            guard let text = element.scalar?.string else { throw complaint(field, "a list of texts is expected") }
            texts.append(text)
        }
        return texts
    }

    mutating func choices<Value: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ type: Value.Type
    ) throws(ChaosError) -> [Value]? {
        guard let texts = try list(field) else { return nil }
        var values: [Value] = []
        for text in texts { values.append(try choice(text, of: field)) }
        return values
    }

    /// The mapping in a field.
    mutating func fields(_ field: String) throws(ChaosError) -> FieldReader? {
        guard let node = node(field) else { return nil }
        return try FieldReader(node, file: file, path: name(field))
    }

    /// The mappings in a list.
    mutating func records(_ field: String) throws(ChaosError) -> [FieldReader] {
        guard let node = node(field) else { return [] }
        guard let sequence = node.sequence else { throw complaint(field, "a list is expected") }
        var readers: [FieldReader] = []
        for (index, element) in sequence.enumerated() {
            readers.append(try FieldReader(element, file: file, path: "\(name(field))[\(index)]"))
        }
        return readers
    }

    /// - Throws: A complaint about the first field that was not asked for.
    func finish() throws(ChaosError) {
        for (key, _) in mapping {
            let field = key.string ?? ""
            if !read.contains(field) {
                let known = read.sorted().joined(separator: ", ")
                throw Self.complaint(file, key.mark?.line, name(field), "there is no such field; known here: \(known)")
            }
        }
    }
}

/// Spans as people write them: `250ms`, `1.5s`, `2m`.
enum SpanText {
    static func parse(_ text: String) -> Duration? {
        let units: [(suffix: String, milliseconds: Double)] = [("ms", 1), ("s", 1000), ("m", 60_000)]
        for unit in units where text.hasSuffix(unit.suffix) {
            guard let number = Double(text.dropLast(unit.suffix.count)), number.isFinite, number >= 0,
                number * unit.milliseconds <= 86_400_000
            else { return nil }
            return .milliseconds(Int64((number * unit.milliseconds).rounded()))
        }
        return nil
    }
}
