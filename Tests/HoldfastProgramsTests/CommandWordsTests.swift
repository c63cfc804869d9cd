import HoldfastJobs
import Testing

@testable import HoldfastPrograms

@Suite struct CommandWordsTests {
    @Test(arguments: [
        ("./add.py", ["./add.py"]), ("  a  b\tc ", ["a", "b", "c"]), (#"a 'b c' "d e""#, ["a", "b c", "d e"]),
        (#"a\ b c\\d"#, ["a b", #"c\d"#]), (#""a \" \n" '\n'"#, [#"a " \n"#, #"\n"#]),
        (#"a''b '' """#, ["ab", "", ""]),
        ("$HOME|*", ["$HOME|*"]), ("", []),
    ])
    func wordsAreSplitAsAShellDoes(_ line: String, _ words: [String]) throws {
        #expect(try CommandWords.split(line) == words)
    }

    @Test(arguments: ["'a", "a \"b", "a\\"]) func whatIsOpenIsRefused(_ line: String) {
        #expect(throws: JobsError.self) { try CommandWords.split(line) }
    }
}
