import Foundation

extension Rule {
    static let lineLength = Rule(name: "line-length") { file in
        file.lines.enumerated().compactMap { index, line in
            line.count > 120 && !line.contains("://") ? (index + 1, "\(line.count) columns, 120 are allowed") : nil
        }
    }

    static let fileLength = Rule(name: "file-length") { file in
        file.lines.count > 500 ? [(501, "\(file.lines.count) lines, 500 are allowed: split it by concern")] : []
    }

    static let whiteSpace = Rule(name: "white-space") { file in
        file.lines.enumerated().compactMap { index, line in
            if line.contains("\t") { return (index + 1, "a tab: indent with spaces") }
            if line.last?.isWhitespace == true { return (index + 1, "white space at the end of the line") }
            return nil
        }
    }

    static let leftover = Rule(name: "leftover") { file in
        file.lines.enumerated().compactMap { index, line in
            for mark in ["TO" + "DO", "FIX" + "ME", "XX" + "X"] {
                guard let found = line.range(of: mark) else { continue }
                let before = found.lowerBound > line.startIndex ? line[line.index(before: found.lowerBound)] : " "
                let after = found.upperBound < line.endIndex ? line[found.upperBound] : " "
                if before.isLetter || before.isNumber || after.isLetter || after.isNumber { continue }
                return (index + 1, "\(mark): finish it, or write it down where work is planned")
            }
            return nil
        }
    }

    /// A trap must say why it can never happen: `fatalError("…")` is a sentence, `try!` needs the comment above it.
    static let trap = Rule(name: "trap") { file in
        guard file.isSwift else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            let code = SourceFile.code(line)
            for call in ["fatalError()", "preconditionFailure()", "assertionFailure()"] where code.contains(call) {
                return (index + 1, "\(call) without a sentence that says what was impossible")
            }
            for force in ["try!", "as!"] where code.contains(force) {
                guard let at = code.range(of: force)?.lowerBound else { continue }
                let startsWord = at == code.startIndex || !code[code.index(before: at)].isLetter
                if startsWord, !explained(index, in: file) {
                    return (index + 1, "\(force) without a comment that says why it cannot fail")
                }
            }
            return nil
        }
    }

    /// Whether the line ends in a comment of some words, or has one directly above it.
    private static func explained(_ index: Int, in file: SourceFile) -> Bool {
        let line = file.lines[index]
        if let comment = line.range(of: "// ") {
            return line[comment.upperBound...].split(separator: " ").count >= 3
        }
        guard index > 0 else { return false }
        let above = file.lines[index - 1].trimmingCharacters(in: .whitespaces)
        return above.hasPrefix("//") && above.split(separator: " ").count >= 4
    }

    /// Clocks, chance and tasks that nobody owns stay behind HoldfastRuntime's seam.
    static let seam = Rule(name: "seam") { file in
        guard file.isSwift, let room = file.room, room != "HoldfastRuntime" else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            let code = SourceFile.code(line)
            for (call, instead) in banned where contains(call, in: code) {
                // A generator that is passed in has a seed.
                if call.hasPrefix("."), code.contains("using: &") { continue }
                return (index + 1, "\(call) outside HoldfastRuntime: \(instead)")
            }
            return nil
        }
    }

    private static let banned: [(call: String, instead: String)] = [
        ("Date()", "take `runtime.wallTime`"),
        ("Date.now", "take `runtime.wallTime`"),
        ("ContinuousClock(", "take `runtime.now`"),
        ("ContinuousClock.now", "take `runtime.now`"),
        ("SuspendingClock", "take `runtime.now`"),
        ("clock_gettime(", "take `runtime.now`"),
        (".random(", "draw from `runtime.randomBits()`"),
        (".randomElement(", "draw from `runtime.randomBits()`"),
        (".shuffled(", "draw from `runtime.randomBits()`"),
        ("SystemRandomNumberGenerator(", "draw from `runtime.randomBits()`"),
        ("UUID()", "take `runtime.randomHex(bytes:)`"),
        ("Task.sleep", "call `runtime.sleep(for:)`"),
        ("Task.detached", "use a task group: whoever starts a task owns it"),
        ("Task {", "use a task group: whoever starts a task owns it"),
        ("Task<", "use a task group: whoever starts a task owns it"),
    ]

    /// Whether `code` has `call` at the start of a word; `Task<` only where a task is created, not where it is a type.
    private static func contains(_ call: String, in code: String) -> Bool {
        var rest = code[...]
        while let found = rest.range(of: call) {
            let before = found.lowerBound > code.startIndex ? code[code.index(before: found.lowerBound)] : " "
            let startsWord = call.hasPrefix(".") || !(before.isLetter || before.isNumber || before == "_")
            if startsWord, call != "Task<" || rest[found.upperBound...].contains("> {") { return true }
            rest = rest[found.upperBound...]
        }
        return false
    }
}
