import Foundation

/// The kernel's list of processes.
enum ProcessList {
    static func parent(of pid: Int32) -> Int32? {
        let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
        // The second field is the program's name in brackets and may hold anything.
        guard let text, let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    /// The process's ancestors that are listed, the parent first.
    static func ancestors(of pid: Int32) -> [Int32] {
        Array(sequence(first: pid, next: { parent(of: $0) }).dropFirst().prefix { $0 > 0 })
    }
}
