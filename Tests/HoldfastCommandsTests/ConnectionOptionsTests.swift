import ArgumentParser
@testable import HoldfastCommands
import HoldfastCluster
import HoldfastRedis
import Testing

@Suite("Where commands find their servers")
struct ConnectionOptionsTests {
    private func options(_ arguments: String...) throws -> ConnectionOptions { try ConnectionOptions.parse(arguments) }

    @Test func optionsGoBeforeVariables() throws {
        let variables = ["HOLDFAST_STORE": "redis://variable:1", "HOLDFAST_NODES": "redis://a:1,redis://b:2"]
        let given = try options("--store", "redis://option:1")
        #expect(try given.storeConfiguration { variables[$0] }.address == .tcp(host: "option", port: 1))
        let none = try options()
        #expect(try none.storeConfiguration { variables[$0] }.address == .tcp(host: "variable", port: 1))
        let nodes = try none.nodeConfigurations { variables[$0] }
        #expect(nodes.map(\.address) == [.tcp(host: "a", port: 1), .tcp(host: "b", port: 2)])
        let spaced = try options("--nodes", "redis://c:3, redis://d:4").nodeConfigurations { variables[$0] }
        #expect(spaced.map(\.address) == [.tcp(host: "c", port: 3), .tcp(host: "d", port: 4)])
    }

    @Test func aDirectoryLeadsToItsCluster() async throws {
        try await withTemporaryCluster(nodes: 2, stores: 1) { cluster in
            let byOption = try options("--dir", cluster.directory)
            let nodes = try byOption.nodeConfigurations { _ in nil }
            #expect(nodes.map { "redis://\($0.address)" } == cluster.nodeURLs)
            let variables = ["HOLDFAST_DIR": cluster.directory]
            let store = try options().storeConfiguration { variables[$0] }
            #expect("redis://\(store.address)" == cluster.storeURLs[0])
            await cluster.stop()
            #expect {
                _ = try byOption.storeConfiguration { _ in nil }
            } throws: { ($0 as? CommandFailure)?.sentence.contains("is down; start it with") == true }
        }
    }

    @Test(arguments: ["not a url", "http://a", "redis://a:1,,redis://b:2", ",", "redis://a:99999"])
    func wrongNodes(_ list: String) throws {
        let options = try options("--nodes", list)
        #expect { _ = try options.nodeConfigurations { _ in nil } } throws: { Ending.of($0).code == .usage }
    }

    @Test func nothingGiven() throws {
        let options = try options("--dir", "/nowhere/cluster")
        #expect {
            _ = try options.storeConfiguration { _ in nil }
        } throws: { error in
            let ending = Ending.of(error)
            return ending.code == .unavailable && ending.complaint?.contains("give --store, or start a cluster") == true
        }
    }
}
