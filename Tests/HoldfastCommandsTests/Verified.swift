import Foundation
import Testing

/// What `holdfast verify --json` tells.
struct Verified: Decodable {
    struct Fault: Decodable {
        var title: String
        var planned: Int
        var confirmed: Int
    }

    struct Judgement: Decodable {
        struct Figure: Decodable {
            var name: String
            var value: Int
        }

        var guarantee: String
        var verdict: String
        var figures: [Figure]
    }

    var about: String
    var verdict: String
    var faults: [Fault]
    var judgements: [Judgement]

    /// The verdict on a guarantee; nil when it was not judged.
    func verdict(_ guarantee: String) -> String? { judgements.first { $0.guarantee == guarantee }?.verdict }

    init(_ outcome: Invocation) throws {
        self = try #require(
            try? JSONDecoder().decode(Verified.self, from: Data(outcome.output.utf8)), "\(outcome.error)")
    }

    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The command line of an adapter of this repository that needs redis-py only, which comes with Python's rq.
    static func adapter(_ name: String) -> String {
        let variable = ProcessInfo.processInfo.environment["HOLDFAST_RQ_VENV"]
        let environment = variable ?? repository + "/.build/rq-venv"
        return "'\(environment)/bin/python' '\(repository)/chaos/adapters/\(name).py'"
    }
}
