/// A secret that never shows in a log, an error or a description.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let secret: String

    /// White space around the key, as files and environments have it, is dropped.
    public init(_ secret: String) {
        var text = secret[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        self.secret = String(text)
    }

    public var description: String { "<API key>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The text with the key taken out: servers repeat keys in their messages.
    func redacted(_ text: String) -> String {
        secret.isEmpty ? text : text.replacing(secret, with: description)
    }
}
