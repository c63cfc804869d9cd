/// Rows under a heading, each column as wide as its widest cell.
struct Table: Sendable {
    struct Cell: Sendable, ExpressibleByStringInterpolation {
        var text: String
        var style: Style?

        init(_ text: String, _ style: Style? = nil) {
            self.text = text
            self.style = style
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    enum Alignment: Sendable { case left, right }

    private let heading: [String]
    private let alignments: [Alignment]
    private var rows: [[Cell]] = []

    /// - Parameter right: the columns whose cells end at the same place, for numbers.
    init(_ heading: [String], right: Set<Int> = []) {
        self.heading = heading
        alignments = heading.indices.map { right.contains($0) ? .right : .left }
    }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == heading.count, "a row has a cell for each column")
        rows.append(cells)
    }

    /// The lines, without white space at their ends.
    func lines(_ palette: Palette) -> [String] {
        let all = [heading.map { Cell($0, .bold) }] + rows
        let widths = heading.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                let text = cell.style.map { $0(cell.text, palette) } ?? cell.text
                let isLast = column == row.count - 1
                if column > 0 { line += "  " }
                line += alignments[column] == .right ? padding + text : isLast ? text : text + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
