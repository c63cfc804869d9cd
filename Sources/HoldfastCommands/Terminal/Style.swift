import Foundation
import HoldfastProcess

/// Colours and weights, on terminals that want them only.
struct Style: Sendable, Hashable {
    private let code: String

    static let bold = Style(code: "1")
    static let dim = Style(code: "2")
    static let red = Style(code: "31")
    static let green = Style(code: "32")
    static let yellow = Style(code: "33")
    static let cyan = Style(code: "36")

    /// The text in this style if `palette` is on.
    func callAsFunction(_ text: String, _ palette: Palette) -> String {
        palette.isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Whether colours are used: on a terminal, unless NO_COLOR (https://no-color.org) or TERM=dumb speak against it.
struct Palette: Sendable, Hashable {
    var isOn: Bool

    static let off = Palette(isOn: false)

    init(isOn: Bool) { self.isOn = isOn }

    init(for output: Output) { self.init(isTerminal: output.isTerminal, variable: Environment.variable) }

    init(isTerminal: Bool, variable: (String) -> String?) {
        isOn = isTerminal && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }
}
