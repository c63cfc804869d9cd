import Foundation

extension Rule {
    /// Imports point only downwards in the architecture's list of rooms.
    static let imports = Rule(name: "imports") { file in
        guard file.isSwift, let room = file.room else { return [] }
        if isOurs(room), below[room] == nil {
            return [(1, "the room \(room) is not in the list of rooms: add it to Tests/TidyTests/ImportRule.swift")]
        }
        return file.lines.enumerated().compactMap { index, line in
            guard let imported = importedModule(line), isOurs(imported), imported != room else { return nil }
            if reachable(from: room).contains(imported) { return nil }
            return (index + 1, "\(room) may not know \(imported): imports point down the list of rooms")
        }
    }

    /// Who stands directly on whom. What those stand on may be imported too.
    private static let below: [String: [String]] = [
        "CHiredis": [],
        "CCurl": [],
        "CLua": [],
        "COpenSSL": [],
        "CProcess": [],
        "CZlib": [],
        "HoldfastRuntime": [],
        "HoldfastDigest": ["COpenSSL"],
        "HoldfastRedis": ["CHiredis", "HoldfastRuntime"],
        "HoldfastRedisTLS": ["HoldfastRedis"],
        "HoldfastLocks": ["HoldfastRedis"],
        "HoldfastMeasurement": ["HoldfastLocks", "HoldfastJobs"],
        "HoldfastResources": ["HoldfastDigest", "HoldfastLocks"],
        "HoldfastConformance": ["HoldfastResources"],
        "HoldfastSQLite": ["HoldfastResources"],
        "HoldfastHTTPResource": ["HoldfastResources", "HoldfastHTTP"],
        "HoldfastHummingbird": ["HoldfastResources"],
        "HoldfastHTTP": ["CCurl", "HoldfastRuntime"],
        "HoldfastJobs": ["HoldfastResources", "HoldfastHTTP", "CZlib"],
        "HoldfastMetrics": [],
        "HoldfastPrograms": ["HoldfastJobs", "HoldfastProcess"],
        "HoldfastAgents": ["HoldfastJobs", "HoldfastHTTP"],
        "Holdfast": ["HoldfastAgents"],
        "HoldfastGateway": ["HoldfastAgents"],
        "HoldfastHistory": ["HoldfastRuntime"],
        "HoldfastSimulation": ["HoldfastHistory", "HoldfastAgents", "CLua"],
        "HoldfastProcess": ["CProcess", "HoldfastRuntime"],
        "HoldfastCluster": ["HoldfastProcess", "HoldfastRedis"],
        "HoldfastChaos": [
            "HoldfastCluster", "HoldfastHistory", "HoldfastAgents", "HoldfastMeasurement", "HoldfastPrograms",
        ],
        "HoldfastCommands": [
            "Holdfast", "HoldfastGateway", "HoldfastChaos", "HoldfastSimulation", "HoldfastRedisTLS",
            "HoldfastMeasurement", "HoldfastMetrics", "HoldfastPrograms",
        ],
        "HoldfastMain": ["HoldfastCommands"],
    ]

    private static func reachable(from room: String) -> Set<String> {
        var found: Set<String> = []
        var waiting = below[room] ?? []
        while let next = waiting.popLast() {
            if found.insert(next).inserted { waiting += below[next] ?? [] }
        }
        return found
    }

    private static func isOurs(_ module: String) -> Bool {
        module.lowercased().hasPrefix("holdfast")
            || ["CHiredis", "CCurl", "CLua", "COpenSSL", "CProcess", "CZlib"].contains(module)
    }

    /// The module of an import declaration, whatever its access level, attributes or kind.
    private static func importedModule(_ line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) { words.removeFirst() }
        guard words.popFirst() == "import", let first = words.first else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let path = kinds.contains(first) ? words.dropFirst().first : first
        return path?.split(separator: ".").first.map(String.init)
    }
}
