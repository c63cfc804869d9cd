import Foundation

/// One source file as the rules see it.
struct SourceFile {
    /// Path from the repository's root, for example `Sources/HoldfastLocks/Lease.swift`.
    let path: String
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
    }

    var components: [Substring] { path.split(separator: "/") }

    /// The room of a file under `Sources`, nil for tests.
    var room: String? {
        guard components.count >= 3, components[0] == "Sources" else { return nil }
        return String(components[1])
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
}

/// What a rule found at a line. Lines count from one.
struct Finding: Equatable, CustomStringConvertible {
    let rule: String
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(rule): \(message)" }
}

/// A rule of the house. It looks at one file and says what is wrong there.
struct Rule: Sendable {
    let name: String
    /// The lines that offend, with what to do about it.
    let check: @Sendable (SourceFile) -> [(line: Int, message: String)]

    /// Findings of this rule, except on lines that say `// tidy:allow <rule> because <reason>`.
    func findings(in file: SourceFile) -> [Finding] {
        check(file).compactMap { line, message in
            let text = line <= file.lines.count ? file.lines[line - 1] : ""
            if allows(text) { return nil }
            return Finding(rule: name, path: file.path, line: line, message: message)
        }
    }

    /// The escape counts only with a reason: at least two words after `because`.
    private func allows(_ line: Substring) -> Bool {
        guard let escape = line.range(of: "// tidy:allow \(name) because ") else { return false }
        return line[escape.upperBound...].split(separator: " ").count >= 2
    }
}

extension SourceFile {
    /// The line without its comment and with the text of its string literals blanked: prose is not code.
    static func code(_ line: Substring) -> String {
        var code = ""
        var quoted = false
        var escaped = false
        var previous: Character = " "
        for character in line {
            if quoted {
                if escaped {
                    escaped = false
                } else if character == "\\" {
                    escaped = true
                } else if character == "\"" {
                    quoted = false
                    code.append("\"")
                }
                continue
            }
            if character == "/", previous == "/" {
                code.removeLast()
                return code
            }
            if character == "\"" { quoted = true }
            code.append(character)
            previous = character
        }
        return code
    }
}
