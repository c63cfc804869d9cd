import Foundation
import HoldfastHistory

/// The time axis that all drawings of a report share, and how their numbers are written.
struct Plot {
    /// Room for the names of rows.
    static let left = 130.0
    static let width = 1080.0

    private let end: Double

    init(_ history: History) { end = max(1, Double(history.end)) }

    func x(_ time: Int64) -> Double { Self.left + min(1, max(0, Double(time) / end)) * (Self.width - Self.left) }

    /// A tenth of a pixel is enough, and keeps the page small.
    static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
    }

    static func milliseconds(_ value: Double) -> String {
        switch value {
        case ..<10: "\(hundredths(value)) ms"
        case ..<1000: "\(number(value)) ms"
        default: "\(hundredths(value / 1000)) s"
        }
    }

    private static func hundredths(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    /// A filled rectangle over a span of time, at least a pixel wide.
    func bar(from: Int64, to: Int64, y: Double, height: Double, style: String, title: String) -> String {
        let wide = max(1, x(to) - x(from))
        return "<rect class=\"\(style)\" x=\"\(Self.number(x(from)))\" y=\"\(Self.number(y))\" "
            + "width=\"\(Self.number(wide))\" height=\"\(Self.number(height))\">"
            + "<title>\(HTMLReport.escape(title))</title></rect>"
    }

    /// All faults, over the whole height.
    func bands(_ history: History, height: Double) -> [String] {
        history.faults.prefix(Timeline.maximumMarks).map { fault in
            bar(
                from: fault.began, to: fault.ended ?? fault.began, y: 0, height: height, style: "band",
                title: "\(fault)")
        }
    }

    /// The seconds, below a drawing.
    func axis(y: Double) -> [String] {
        (0...5).map { index in
            let time = Int64(end / 5 * Double(index))
            let anchor = index == 0 ? "start" : index == 5 ? "end" : "middle"
            return "<text x=\"\(Self.number(x(time)))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor)\">"
                + "\(Self.number(Double(time) / 1e9)) s</text>"
        }
    }

    /// Wide drawings are scrolled on narrow screens, so that they can be read.
    static func svg(height: Double, label: String, _ marks: [String]) -> String {
        "<div class=\"wide\"><svg viewBox=\"0 0 \(number(width)) \(number(height))\" role=\"img\" "
            + "aria-label=\"\(label)\">\(marks.joined())</svg></div>"
    }
}
