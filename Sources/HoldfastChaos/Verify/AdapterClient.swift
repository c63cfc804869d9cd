import HoldfastHistory
import HoldfastProcess
import HoldfastRuntime

/// A client process of `holdfast verify --adapter`: counts under another library's lock, keeps the history, and obeys
/// orders at named points. The library runs in a process below this one, which is stopped and killed together with it.
public struct AdapterClient: Sendable {
    /// The variable in which a client is told the adapter's command line.
    public static let adapterVariable = AdapterProcess.variable

    /// An adapter that breaks more often than this in a row is no lock that can be judged.
    private static let patience = 5

    private let name: String
    private let number: Int
    private let directory: String
    private let nodes: [String]
    private let adapter: String

    /// - Parameters:
    ///   - number: Different for each client of a run.
    ///   - directory: The run's.
    ///   - nodes: Where this client finds the lock nodes.
    ///   - adapter: The command line of the adapter.
    public init(name: String, number: Int, directory: String, nodes: [String], adapter: String) {
        self.name = name
        self.number = number
        self.directory = directory
        self.nodes = nodes
        self.adapter = adapter
    }

    /// Counts until the calling task is cancelled.
    /// - Throws: ``ChaosError`` when the adapter cannot be kept running.
    public func run() async throws {
        let settings = try WorkerSettings.load(from: directory)
        let runtime = LiveRuntime()
        let history = try HistoryWriter(
            path: "\(directory)/history/\(name).jsonl", client: name, number: number, runtime: runtime)
        let orders = ChaosOrders(directory: "\(directory)/orders")
        var broken = 0
        while !Task.isCancelled {
            do {
                var process = try await AdapterProcess.start(
                    adapter, log: "\(directory)/logs/\(name).log", runtime: runtime)
                do {
                    let opened = try await process.open(nodes: nodes, store: settings.store)
                    var work = AdapterWork(
                        name, issuesTokens: opened.tokens ?? false, settings, process, orders, history, runtime)
                    while !Task.isCancelled {
                        let isDone: Bool
                        // What has begun is ended: an adapter that is asked two things at once cannot be understood.
                        (work, isDone) = try await runtime.shielded { [work] in
                            var next = work
                            let isDone = try await next.increment()
                            return (next, isDone)
                        }
                        if isDone { broken = 0 }
                        try? await runtime.sleep(for: .milliseconds(settings.pause))
                    }
                } catch {
                    await process.stop()
                    throw error
                }
                await process.stop()
            } catch {
                if Task.isCancelled { return }
                broken += 1
                if broken > Self.patience { throw ChaosError("\(error), \(broken) times in a row") }
                try? await runtime.sleep(for: runtime.jitter(upTo: .milliseconds(200)))
            }
        }
    }
}
