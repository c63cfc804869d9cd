import Glibc

/// The variables of this process.
public enum Environment {
    /// The value of a variable, nil when it is not set.
    public static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// All variables; of a name that occurs twice the first counts, as for `getenv`.
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "="), equals > text.startIndex {
                let name = String(text[..<equals])
                if variables[name] == nil { variables[name] = String(text[text.index(after: equals)...]) }
            }
            next += 1
        }
        return variables
    }
}

extension Command.Environment {
    /// `NAME=value`, in the order of the names, so that equal commands start equal processes.
    func entries() -> [String] {
        let variables =
            switch self {
            case .inherit: Environment.all
            case .inheritAnd(let more): Environment.all.merging(more) { _, new in new }
            case .inheritBut(let withheld, let more):
                Environment.all.filter { !withheld.contains($0.key) }.merging(more) { _, new in new }
            case .only(let only): only
            }
        return variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}
