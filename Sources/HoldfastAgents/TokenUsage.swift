/// Tokens as the model's server counts them; 0 where it says nothing.
public struct TokenUsage: Sendable, Hashable, Codable {
    public var input: Int
    public var output: Int

    public init(input: Int = 0, output: Int = 0) {
        self.input = input
        self.output = output
    }

    static func += (left: inout TokenUsage, right: TokenUsage) {
        left.input = left.input.addingReportingOverflow(right.input).partialValue
        left.output = left.output.addingReportingOverflow(right.output).partialValue
    }
}
