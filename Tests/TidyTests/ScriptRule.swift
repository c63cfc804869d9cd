import Foundation

extension Rule {
    /// Every Lua script is documented like a function, directly above its constant.
    static let script = Rule(name: "script") { file in
        guard file.isSwift, file.room != nil else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            guard startsScript(line, after: index > 0 ? file.lines[index - 1] : "") else { return nil }
            let comment = documentation(above: index, in: file)
            let missing = ["KEYS", "ARGV", "Returns"].filter { !comment.contains($0) }
            if missing.isEmpty { return nil }
            return (index + 1, "a script whose doc comment does not name \(missing.joined(separator: ", "))")
        }
    }

    private static func startsScript(_ line: Substring, after above: Substring) -> Bool {
        let code = SourceFile.code(line)
        return code.contains("RedisScript(") && !code.contains("func ")
            || code.contains(": RedisScript = .init(")
    }

    /// The doc comment that ends above the declaration which holds line `index`.
    private static func documentation(above index: Int, in file: SourceFile) -> String {
        var line = index
        // The declaration may begin on an earlier line than the initialiser: climb while no comment is met.
        while line > 0, index - line < 3, !trimmed(file.lines[line - 1]).hasPrefix("///"),
            !trimmed(file.lines[line - 1]).isEmpty
        {
            line -= 1
        }
        var comment: [String] = []
        while line > 0, trimmed(file.lines[line - 1]).hasPrefix("///") {
            line -= 1
            comment.append(trimmed(file.lines[line]))
        }
        return comment.reversed().joined(separator: "\n")
    }

    private static func trimmed(_ line: Substring) -> String { line.trimmingCharacters(in: .whitespaces) }
}
