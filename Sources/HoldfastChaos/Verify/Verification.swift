import Foundation
import HoldfastCluster
import HoldfastHistory
public import HoldfastRedis
public import HoldfastRuntime

/// Puts lock nodes that somebody else runs to the test, and the lock library that uses them: its clients are killed,
/// paused and cut off from the nodes, and what comes of it is judged. The nodes themselves are not harmed: nothing is
/// signalled, shut down or configured.
///
/// On the nodes it uses the lock names `holdfast-verify/…`, the same ones every time; on a given store a few values
/// whose names begin with `holdfast-verify-`, which it deletes at the end.
public struct Verification: Sendable {
    public struct Options: Sendable {
        /// URLs. Before TLS and socket files tunnels are put, and before those, links.
        public var nodes: [String]
        /// The store of the values that are counted; nil starts one for the run.
        public var store: String?
        public var clients = 4
        public var seconds = 20
        public var seed: UInt64 = 1
        /// Increments a second of all clients together, at most.
        public var rate = 100
        /// What is done to the clients and their connections.
        public var faults: [Fault]
        /// The command line of an adapter for another lock library; nil judges ours. It may hold a password: no process
        /// is told it by its arguments, and it is in no report.
        public var adapter: String?
        /// For `rediss://` servers.
        public var tls: NIOTransport.TLSProvider?
        public var program: String

        public init(nodes: [String], program: String) {
            self.nodes = nodes
            faults = Fault.all(nodes: nodes.count)
            self.program = program
        }
    }

    /// What an adapter says about the library behind it.
    struct Library: Sendable, Hashable {
        var name: String
        var issuesTokens: Bool
    }

    static let lockPrefix = "holdfast-verify/"

    let options: Options
    let runtime: any Runtime
    private let watch: @Sendable (ChaosSnapshot) -> Void

    public init(
        _ options: Options, runtime: any Runtime = LiveRuntime(),
        watch: @escaping @Sendable (ChaosSnapshot) -> Void = { _ in }
    ) {
        self.options = options
        self.runtime = runtime
        self.watch = watch
    }

    /// Nothing is left running, however it ends.
    /// - Throws: ``ChaosError`` and others when it could not be held, such as `LockError` for nodes that are none.
    public func run() async throws -> ChaosRun.Outcome {
        let directory = FileManager.default.temporaryDirectory.path + "/holdfast-verify-" + runtime.randomHex(bytes: 6)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let tunnels = Tunnels(tls: options.tls)
        do {
            let outcome = try await run(in: directory, tunnels)
            await tunnels.close()
            return outcome
        } catch {
            await tunnels.close()
            throw Self.explain(error, logs: "\(directory)/run/logs")
        }
    }

    private func run(in directory: String, _ tunnels: Tunnels) async throws -> ChaosRun.Outcome {
        var chaos = ChaosOptions(program: options.program)
        chaos.seed = options.seed
        chaos.directory = "\(directory)/run"
        var nodes: [String] = []
        for node in options.nodes { nodes.append(try await tunnels.url(for: node)) }
        chaos.nodes = nodes
        if let store = options.store { chaos.store = try await tunnels.url(for: store) }
        guard let adapter = options.adapter else {
            return try await ChaosRun(scenario(nil), chaos, runtime: runtime, watch: watch).run()
        }
        chaos.adapter = adapter
        chaos.workerArguments = ["chaos", "client"]
        if chaos.store != nil { return try await judge(adapter, chaos, directory) }
        // The adapter is asked what it is before the run, and needs the store for that.
        let own = try await LocalCluster.start(
            ClusterConfiguration(nodes: 0, stores: 1, directory: "\(directory)/store"), runtime: runtime)
        do {
            chaos.store = own.storeURLs[0]
            let outcome = try await judge(adapter, chaos, directory)
            await own.stop(grace: .seconds(2))
            return outcome
        } catch {
            await own.stop(grace: .seconds(2))
            throw error
        }
    }

    private func judge(_ adapter: String, _ chaos: ChaosOptions, _ directory: String) async throws -> ChaosRun.Outcome {
        let library = try await library(adapter, chaos, directory)
        return try await ChaosRun(scenario(library), chaos, runtime: runtime, watch: watch).run()
    }

    /// Starts the adapter once, without any faults.
    private func library(_ adapter: String, _ chaos: ChaosOptions, _ directory: String) async throws -> Library {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let log = "\(directory)/adapter.log"
        var process = try await AdapterProcess.start(adapter, log: log, runtime: runtime)
        do {
            let answer = try await process.open(nodes: chaos.nodes ?? [], store: chaos.store ?? "")
            await process.stop()
            return Library(name: answer.library ?? "", issuesTokens: answer.tokens ?? false)
        } catch {
            await process.stop()
            throw ChaosError("\(error)\(Self.tail(of: log))")
        }
    }

    // MARK: - Explaining

    /// What processes of the run wrote last is gone with its directory, and is what explains why they ended.
    private static func explain(_ error: any Error, logs: String) -> any Error {
        guard var error = error as? ChaosError else { return error }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: logs)) ?? []).sorted()
        for name in names where error.description.contains("worker \(name.dropLast(4)) ") {
            error.description += tail(of: "\(logs)/\(name)")
        }
        return error
    }

    private static func tail(of log: String) -> String {
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let lines = text.split(separator: "\n").suffix(5).map { "\n    \($0)" }
        return lines.isEmpty ? "" : ". It wrote last:\(lines.joined())"
    }
}
