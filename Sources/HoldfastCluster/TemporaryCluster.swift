import Foundation
public import HoldfastRuntime

/// Runs `body` with a cluster of its own in a temporary directory: for tests and demonstrations. Servers and directory
/// are gone when it returns or throws.
/// - Parameter nodeSettings: Of every lock node, on top of the standard ones.
public func withTemporaryCluster<Value>(
    nodes: Int = 5, stores: Int = 1, nodeFsync: AppendFsync = .always, storeFsync: AppendFsync = .everySecond,
    nodeSettings: [ServerSetting] = [], runtime: any Runtime = LiveRuntime(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (LocalCluster) async throws -> Value
) async throws -> Value {
    let directory = FileManager.default.temporaryDirectory.path + "/holdfast-" + runtime.randomHex(bytes: 8)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var configuration = ClusterConfiguration(nodes: nodes, stores: stores, directory: directory)
    configuration.nodeFsync = nodeFsync
    configuration.storeFsync = storeFsync
    for member in configuration.members where member.role == .lockNode && !nodeSettings.isEmpty {
        configuration.extraSettings[member.name] = nodeSettings
    }
    let cluster = try await LocalCluster.start(configuration, runtime: runtime)
    do {
        let value = try await body(cluster)
        await cluster.stop(grace: .seconds(2))
        return value
    } catch {
        await cluster.stop(grace: .seconds(2))
        throw error
    }
}
