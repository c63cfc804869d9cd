import Foundation
import HoldfastCluster
import HoldfastRuntime

/// The clocks of a run's lock nodes, where they can be set.
struct Clocks: Sendable {
    /// By node; empty where clocks cannot be set.
    let pages: [ClockPage]
    /// Why not.
    let failure: Shim.Failure?
    private let library: String

    /// - Parameter directory: The run's.
    static func prepare(nodes: Int, in directory: String, runtime: any Runtime, compiler: String = "cc") async throws
        -> Clocks
    {
        let place = "\(directory)/clocks"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let library: String
        do throws(Shim.Failure) {
            library = try await Shim.build("clock", ClockShim.program, in: place, compiler: compiler)
        } catch { return Clocks(pages: [], failure: error, library: "") }
        let pages = try (1...max(1, nodes)).map { try ClockPage(path: "\(place)/node-\($0)", runtime: runtime) }
        return Clocks(pages: pages, failure: nil, library: library)
    }

    /// Gives the nodes their clocks.
    func equip(_ configuration: inout ClusterConfiguration) {
        for (index, page) in pages.enumerated() {
            configuration.load(library, in: "node-\(index + 1)", ["HOLDFAST_CLOCK": page.path])
        }
    }
}
