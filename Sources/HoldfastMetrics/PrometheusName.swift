/// Prometheus' names and labels: https://prometheus.io/docs/concepts/data_model/ and …/practices/naming/.
enum PrometheusName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func metric(_ label: String) -> String { clean(label, colons: true) }

    static func counter(_ label: String) -> String { ending(metric(label), "_total") }

    static func timer(_ label: String) -> String { ending(metric(label), "_seconds") }

    /// `{a="x",b="y"}` in the order of the names, or nothing. Of a name that occurs twice the last value counts.
    static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        var values: [String: String] = [:]
        for (name, value) in dimensions { values[clean(name, colons: false)] = value }
        return "{" + values.sorted { $0.key < $1.key }.map { "\($0)=\"\(escape($1))\"" }.joined(separator: ",") + "}"
    }

    /// A label set with one more label at its end.
    static func adding(_ name: String, _ value: String, to labels: String) -> String {
        labels.isEmpty ? "{\(name)=\"\(value)\"}" : "\(labels.dropLast()),\(name)=\"\(value)\"}"
    }

    /// In label values; `# HELP` texts keep their quotes.
    static func escape(_ text: String, quotes: Bool = true) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// As Go, and so Prometheus, reads numbers.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private static func ending(_ name: String, _ end: String) -> String { name.hasSuffix(end) ? name : name + end }

    private static func clean(_ text: String, colons: Bool) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            if name.isEmpty && isDigit { name = "_" }
            name.unicodeScalars.append(isLetter || isDigit || (colons && scalar == ":") ? scalar : "_")
        }
        return name.isEmpty ? "_" : name
    }
}
