import Foundation
import HoldfastCluster
import HoldfastRuntime

/// The clocks of a run's lock nodes, where they can be set.
struct Clocks: Sendable {
    /// By node; empty where clocks cannot be set.
    let pages: [ClockPage]
    /// Why not.
    let reason: String
    private let library: String

    /// - Parameter directory: The run's.
    static func prepare(nodes: Int, in directory: String, runtime: any Runtime) async throws -> Clocks {
        let place = "\(directory)/clocks"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let shim = await Shim.build("clock", ClockShim.program, in: place)
        guard let library = shim.path else { return Clocks(pages: [], reason: shim.reason, library: "") }
        let pages = try (1...max(1, nodes)).map { try ClockPage(path: "\(place)/node-\($0)", runtime: runtime) }
        return Clocks(pages: pages, reason: "", library: library)
    }

    /// Gives the nodes their clocks.
    func equip(_ configuration: inout ClusterConfiguration) {
        for (index, page) in pages.enumerated() {
            configuration.load(library, in: "node-\(index + 1)", ["HOLDFAST_CLOCK": page.path])
        }
    }
}
