import Foundation
import Glibc
import HoldfastCluster

/// The disks of a run's lock nodes, where they can be made to fail.
struct Disks: Sendable {
    /// The page of memory, shared through a file, in which a server with the ``DiskShim`` looks up what fails.
    struct Page: Sendable {
        let path: String

        func fail(_ kind: FaultSpec.Kind) { write(kind == .fsyncError ? 1 : 2) }

        func mend() { write(0) }

        private func write(_ byte: UInt8) {
            let file = open(path, O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            defer { close(file) }
            withUnsafeBytes(of: byte) { _ = pwrite(file, $0.baseAddress, 1, 0) }
        }
    }

    /// By node; empty where disks cannot be made to fail.
    let pages: [Page]
    /// Why not.
    let failure: Shim.Failure?
    private let library: String

    /// - Parameter directory: The run's.
    static func prepare(nodes: Int, in directory: String, compiler: String = "cc") async throws -> Disks {
        let place = "\(directory)/disks"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let library: String
        do throws(Shim.Failure) {
            library = try await Shim.build("disk", DiskShim.program, in: place, compiler: compiler)
        } catch { return Disks(pages: [], failure: error, library: "") }
        let pages = (1...max(1, nodes)).map { Page(path: "\(place)/node-\($0)") }
        for page in pages { try Data(count: 4096).write(to: URL(fileURLWithPath: page.path)) }
        return Disks(pages: pages, failure: nil, library: library)
    }

    /// Gives the nodes their disks.
    func equip(_ configuration: inout ClusterConfiguration) {
        for (index, page) in pages.enumerated() {
            configuration.load(library, in: "node-\(index + 1)", ["HOLDFAST_DISK": page.path])
        }
    }
}
