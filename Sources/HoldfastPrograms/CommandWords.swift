import HoldfastJobs

/// Splits a command line as a shell does its words, without anything else that a shell does.
enum CommandWords {
    /// - Throws: ``JobsError`` with `invalid` for a quote that is not closed or a backslash at the end.
    static func split(_ line: String) throws(JobsError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = line[...]
        while let character = rest.popFirst() {
            switch (character, quote) {
            case (quote, .some): quote = nil
            case ("\\", nil), ("\\", "\""):
                guard let next = rest.popFirst() else {
                    throw JobsError(.invalid, "the command line ends with a backslash: \(line.prefix(80))")
                }
                // Within double quotes a shell keeps the backslash before ordinary characters.
                let isPlain = quote != nil && next != "\"" && next != "\\"
                word = (word ?? "") + (isPlain ? "\\" : "") + String(next)
            case ("'", nil), ("\"", nil):
                quote = character
                word = word ?? ""
            case (_, nil) where character.isWhitespace:
                if let complete = word { words.append(complete) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else {
            throw JobsError(.invalid, "a quote is not closed in the command line: \(line.prefix(80))")
        }
        return words + (word.map { [$0] } ?? [])
    }
}
