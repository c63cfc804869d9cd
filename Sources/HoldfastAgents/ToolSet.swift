/// The tools of an agent, each under its own name.
public struct ToolSet: Sendable {
    public enum Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        case duplicateName(String)
        case badName(String)
        case badParameters(tool: String, String)

        public var description: String {
            switch self {
            case .duplicateName(let name): "two tools are named \(name); names must be unique"
            case .badName(let name):
                "tool name \(String(reflecting: name)) refused: use 1 to 64 of a-z, A-Z, 0-9, _ and -"
            case .badParameters(let tool, let reason): "the parameters of tool \(tool) are wrong: \(reason)"
            }
        }
    }

    public let tools: [AnyTool]
    private let byName: [String: AnyTool]

    public static let empty = ToolSet()

    private init() {
        tools = []
        byName = [:]
    }

    public init(_ tools: [any Tool]) throws(Mistake) {
        var erased: [AnyTool] = []
        var byName: [String: AnyTool] = [:]
        for tool in tools {
            let tool = AnyTool(tool)
            guard Self.isName(tool.name) else { throw .badName(tool.name) }
            guard byName[tool.name] == nil else { throw .duplicateName(tool.name) }
            guard case .object = tool.parameters.shape else {
                throw .badParameters(tool: tool.name, "they must be an object")
            }
            if let mistake = tool.parameters.mistakes.first { throw .badParameters(tool: tool.name, mistake) }
            erased.append(tool)
            byName[tool.name] = tool
        }
        self.tools = erased
        self.byName = byName
    }

    public subscript(name: String) -> AnyTool? { byName[name] }

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
