import ArgumentParser

/// A span of time on the command line: `15`, `0.5`, `500ms`, `2s`, `3m`, `1h`, `7d`.
struct SpanArgument: ExpressibleByArgument, Sendable, Hashable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        let (suffix, factor) = units.first { argument.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(argument.dropLast(suffix.count)), (0...1e9).contains(number * factor) else {
            return nil
        }
        duration = .seconds(number * factor)
    }

    /// So that it can be read again without loss.
    var exact: String {
        "\(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)ms"
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}
