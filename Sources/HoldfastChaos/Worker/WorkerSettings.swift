import Foundation
import HoldfastRuntime

/// What all workers of a run are told, in a file of the run's directory.
struct WorkerSettings: Sendable, Codable {
    var workload: Workload.Kind
    var store: String
    /// Milliseconds.
    var lockTTL: Int64
    /// Milliseconds.
    var jobLease: Int64
    var keys: Int
    var concurrency: Int
    /// Milliseconds.
    var pause: Int64
    var lockPrefix: String
    var registerPrefix: String
    var mutant: Mutant?

    init(_ workload: Workload, store: String, mutant: Mutant?) {
        self.workload = workload.kind
        self.store = store
        lockTTL = workload.lockTTL.milliseconds
        jobLease = workload.jobLease.milliseconds
        keys = workload.keys
        concurrency = workload.concurrency
        pause = workload.pause.milliseconds
        lockPrefix = workload.lockPrefix
        registerPrefix = workload.registerPrefix
        self.mutant = mutant
    }

    private static func path(_ directory: String) -> String { "\(directory)/worker.json" }

    func save(in directory: String) throws {
        try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: Self.path(directory)))
    }

    static func load(from directory: String) throws -> WorkerSettings {
        try JSONDecoder().decode(
            WorkerSettings.self, from: Data(contentsOf: URL(fileURLWithPath: path(directory))))
    }
}
