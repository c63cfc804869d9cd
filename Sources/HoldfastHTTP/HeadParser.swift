/// Collects the header lines of one answer as libcurl hands them over, one complete line a call.
struct HeadParser {
    enum Step: Equatable {
        case more
        /// The empty line came: the lines since the last status line are one head.
        case complete
        case tooLong
    }

    let limit: Int
    private(set) var bytes = 0
    private(set) var headers = HTTPHeaders()
    /// Whether the last head that began also ended.
    private(set) var isComplete = false
    private var fields: [HTTPHeaders.Field] = []

    init(limit: Int) { self.limit = limit }

    mutating func feed(_ line: UnsafeRawBufferPointer) -> Step {
        bytes += line.count
        if bytes > limit { return .tooLong }
        let text = String(decoding: line, as: UTF8.self).trimmingSuffix { $0.isNewline }
        if text.isEmpty {
            headers = HTTPHeaders(fields)
            isComplete = true
            return .complete
        }
        if text.hasPrefix("HTTP/") {
            fields = []
            isComplete = false
        } else if let last = fields.indices.last, text.first == " " || text.first == "\t" {
            // A folded line (RFC 9112 §5.2) continues the value before it.
            fields[last].value += " " + text.trimmingBlanks
        } else if let colon = text.firstIndex(of: ":") {
            let name = String(text[..<colon]).trimmingBlanks
            fields.append(.init(name: name, value: String(text[text.index(after: colon)...]).trimmingBlanks))
        }
        return .more
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " || $0 == "\t" }).trimmingSuffix { $0 == " " || $0 == "\t" }
    }

    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> String {
        var rest = self[...]
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return String(rest)
    }
}
