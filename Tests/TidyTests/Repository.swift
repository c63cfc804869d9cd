import Foundation

/// The checkout that these tests were compiled from.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Our own sources: Swift and C under `Sources` and `Tests`, in path order.
    static func sources() throws -> [SourceFile] {
        var files: [SourceFile] = []
        for top in ["Sources", "Tests"] {
            let directory = root.appending(path: top)
            guard let walk = FileManager.default.enumerator(atPath: directory.path) else { continue }
            for case let name as String in walk where [".swift", ".c", ".h"].contains(where: name.hasSuffix) {
                let text = try String(contentsOf: directory.appending(path: name), encoding: .utf8)
                files.append(SourceFile(path: "\(top)/\(name)", text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    /// The paths that git tracks, nil where there is no git or no checkout (a source archive, an image).
    static func trackedPaths() throws -> [String]? {
        let git = Process()
        git.executableURL = URL(filePath: "/usr/bin/env")
        git.arguments = ["git", "-C", root.path, "ls-files", "-z"]
        let output = Pipe()
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        try git.run()
        let listed = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return nil }
        return listed.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a path is something that a build or a run leaves behind.
    static func isOutput(_ path: String) -> Bool {
        let components = path.split(separator: "/")
        if components.contains(where: { $0.hasPrefix(".build") || $0 == ".swiftpm" || $0 == ".holdfast" }) {
            return true
        }
        guard let name = components.last else { return false }
        return ["Package.resolved", "dump.rdb", ".DS_Store"].contains(name)
            || [".o", ".d", ".profraw", ".swiftmodule", ".aof", ".pid"].contains { name.hasSuffix($0) }
    }
}
