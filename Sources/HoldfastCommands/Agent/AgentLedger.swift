import HoldfastAgents
import HoldfastCluster
import HoldfastLocks
import HoldfastProcess
import HoldfastRedis
import HoldfastResources

/// The ledger that an agent works on from the command line: where the options say, or one that lives as long as the
/// run.
struct AgentLedger {
    static let firstAccounts: [String: Int64] = ["alice": 100, "bob": 100, "carol": 100]

    let connection: ConnectionOptions
    let name: String
    /// Goes into the ledger's journal.
    let who: String
    /// Told what had to be made.
    let say: (String) throws -> Void

    /// Runs `body` with the ledger's tools.
    func withTools<Value>(_ body: ([any Tool]) async throws -> Value) async throws -> Value {
        if connection.names(somewhere: Environment.variable) {
            let nodes = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
            let store = try connection.storeConfiguration()
            let transport = try connection.transport(to: nodes.nodes + [store])
            return try await withTools(nodes, store, transport, body)
        }
        return try await withTemporaryCluster { cluster in
            try say("Started \(cluster.nodes.count) lock nodes and a store for this run.")
            let nodes = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(nodes)
            let store = try RedisConfiguration(url: cluster.storeURLs[0])
            return try await withTools(nodes, store, NIOTransport(), body)
        }
    }

    private func withTools<Value>(
        _ nodes: LockClusterConfiguration, _ store: RedisConfiguration, _ transport: NIOTransport,
        _ body: ([any Tool]) async throws -> Value
    ) async throws -> Value {
        let locks = try await LockCluster.connect(nodes, transport: transport)
        let client = RedisClient(store, transport: transport)
        let result: Result<Value, any Error>
        do {
            let ledger = Ledger(name, on: client)
            if try await ledger.create(Self.firstAccounts) {
                let accounts = Self.firstAccounts.keys.sorted().joined(separator: ", ")
                try say("Made the ledger \(name): \(accounts), 100 credits each.")
            }
            result = .success(try await body(LedgerTools(ledger, locks: locks, who: who).all))
        } catch {
            result = .failure(error)
        }
        await client.close()
        await locks.close()
        return try result.get()
    }
}

extension ConnectionOptions {
    /// Whether an option or a variable says where servers are, or the default directory has a cluster.
    func names(somewhere variable: (String) -> String?) -> Bool {
        if nodes != nil || store != nil || dir != nil { return true }
        if ["HOLDFAST_NODES", "HOLDFAST_STORE", "HOLDFAST_DIR"].contains(where: { variable($0)?.isEmpty == false }) {
            return true
        }
        do {
            return try LocalCluster.status(of: Self.defaultDirectory).members.contains { $0.state != .down }
        } catch {
            if case .noCluster = error { return false }
            // A damaged one is the user's to look at, not ours to pass over.
            return true
        }
    }
}
