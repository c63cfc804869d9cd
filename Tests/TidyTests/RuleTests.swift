import Foundation
import Testing

/// Each rule is shown something bad: a rule that lets it through protects nothing.
@Suite("Each tidy rule bites")
struct RuleTests {
    private func lines(_ rule: Rule, _ text: String, path: String = "Sources/HoldfastLocks/Bad.swift") -> [Int] {
        rule.findings(in: SourceFile(path: path, text: text)).map(\.line)
    }

    @Test func longLine() {
        #expect(lines(.lineLength, String(repeating: "a", count: 120) + "\n") == [])
        #expect(lines(.lineLength, "short\n" + String(repeating: "a", count: 121)) == [2])
    }

    @Test func longFile() {
        #expect(lines(.fileLength, String(repeating: "a\n", count: 500)) == [])
        #expect(lines(.fileLength, String(repeating: "a\n", count: 501)) == [501])
    }

    @Test func whiteSpace() {
        #expect(lines(.whiteSpace, "let a = 1 \n\tlet b = 2\nlet c = 3\n") == [1, 2])
    }

    @Test func leftovers() {
        let todo = "TO" + "DO"
        #expect(
            lines(.leftover, "// \(todo): later\nlet METHODO\(todo)S = 1\n// \("FIX" + "ME")\n/// \("XX" + "X")") == [
                1, 3, 4,
            ])
    }

    @Test(arguments: [
        "fatalError()", "preconditionFailure()", "let a = try! b()", "let a = b as! C", "// no\n\nlet a = try! b()",
    ])
    func wordlessTraps(_ code: String) {
        #expect(lines(.trap, code).count == 1)
    }

    @Test(arguments: [
        #"fatalError("a grant without a node")"#, "// The pattern is a constant.\nlet a = try! b()",
        "let alias! = 1", #"let text = "try! this""#, "let a = b as! C  // the key path names a C",
    ])
    func spokenTraps(_ code: String) {
        #expect(lines(.trap, code).isEmpty)
    }

    @Test(arguments: [
        "let now = Date()", "let now = Foundation.Date()", "let clock = ContinuousClock()", "Int.random(in: 0..<3)",
        "let id = UUID()", "try await Task.sleep(for: .seconds(1))", "Task.detached { }", "Task { await run() }",
        "let task = Task<Void, Never> { }", "let t = ContinuousClock.now", "names.shuffled()",
        "_ = Task { }; // because",
    ])
    func breaches(_ code: String) {
        #expect(lines(.seam, code) == [1])
        #expect(lines(.seam, code, path: "Sources/HoldfastRuntime/Live.swift") == [])
        #expect(lines(.seam, code, path: "Tests/HoldfastLocksTests/Some.swift") == [])
    }

    @Test(arguments: [
        "let date = UpDate()", "// Task { is banned", #"print("Task { }")"#, "var task: Task<Void, Never>?",
        "struct MyTask {", "Int.random(in: 0..<3, using: &generator)", "func f(_ date: Date) {",
    ])
    func seamKept(_ code: String) {
        #expect(lines(.seam, code).isEmpty)
    }

    @Test func escapeNeedsItsRuleAndAReason() {
        #expect(lines(.seam, "Task { }  // tidy:allow seam because the C callback has no task") == [])
        #expect(lines(.seam, "Task { }  // tidy:allow seam because yes") == [1])
        #expect(lines(.seam, "Task { }  // tidy:allow trap because the C callback has no task") == [1])
        #expect(lines(.seam, "Task { }  // tidy:allow seam") == [1])
    }

    @Test func undocumentedScript() {
        let documented = """
            /// Deletes the lock if it is still ours.
            ///
            /// KEYS: the lock. ARGV: the owner value.
            /// Returns 1 when it was ours.
            static let release = RedisScript(
                "return 1")
            """
        #expect(lines(.script, documented) == [])
        for word in ["KEYS", "ARGV", "Returns"] {
            let text = documented.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("///") ? String($0).replacing(word, with: "") : String($0) }
            #expect(lines(.script, text.joined(separator: "\n")) == [5], "without \(word)")
        }
        #expect(lines(.script, "static let release = RedisScript(\"return 1\")") == [1])
        #expect(lines(.script, "static let release: RedisScript = .init(\"return 1\")") == [1])
    }

    @Test(arguments: [
        ("HoldfastRedis", "import HoldfastLocks"), ("HoldfastLocks", "public import HoldfastCluster"),
        ("HoldfastRuntime", "@testable import HoldfastRedis"), ("HoldfastProcess", "import CHiredis"),
        ("HoldfastRedis", "internal import struct HoldfastJobs.Job"), ("HoldfastLocks", "import holdfast"),
        ("HoldfastNowhere", "let a = 1"),
    ])
    func upwardImport(_ room: String, _ line: String) {
        #expect(lines(.imports, line, path: "Sources/\(room)/Bad.swift") == [1])
    }

    @Test(arguments: [
        ("HoldfastLocks", "public import HoldfastRedis"), ("HoldfastLocks", "import HoldfastRuntime"),
        ("HoldfastCommands", "import HoldfastLocks"), ("HoldfastRedis", "import NIOCore"),
        ("HoldfastLocks", "import HoldfastLocks"),
    ])
    func downwardImport(_ room: String, _ line: String) {
        #expect(lines(.imports, line, path: "Sources/\(room)/Good.swift").isEmpty)
    }

    @Test(arguments: [
        ".build/debug/holdfast", "Package.resolved", "Sources/A/a.o", "holdfast.profraw", "a/.build-x86/debug.yaml",
        ".holdfast/cluster.json", "dump.rdb", "Sources/A/.DS_Store",
    ])
    func buildOutput(_ path: String) {
        #expect(Repository.isOutput(path))
    }

    @Test(arguments: ["Sources/A/Builder.swift", "docs/output.md", "Package.swift", ".gitignore"])
    func source(_ path: String) {
        #expect(!Repository.isOutput(path))
    }
}
