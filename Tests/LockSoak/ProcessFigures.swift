import Glibc

/// What this process uses now, as the kernel counts it.
enum ProcessFigures {
    /// What the open descriptors are, in words such as `socket` or `anon_inode:[eventpoll]`, and how many of each.
    static var descriptors: [String: Int] {
        guard let directory = opendir("/proc/self/fd") else { return [:] }
        defer { closedir(directory) }
        var kinds: [String: Int] = [:]
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // Also not the one that looks.
            guard let number = Int32(name), number != dirfd(directory) else { continue }
            kinds[kind(of: name), default: 0] += 1
        }
        return kinds
    }

    private static func kind(of descriptor: String) -> String {
        var target = [CChar](repeating: 0, count: 256)
        guard readlink("/proc/self/fd/" + descriptor, &target, 255) > 0 else { return "unknown" }
        let text = String(decoding: target.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Sockets and pipes have a number each.
        return text.hasPrefix("socket:") || text.hasPrefix("pipe:") ? String(text.prefix { $0 != ":" }) : text
    }

    /// Which kinds are more than before, and by how many.
    static func growth(since before: [String: Int]) -> [String: Int] {
        descriptors.merging(before.mapValues { -$0 }, uniquingKeysWith: +).filter { $0.value > 0 }
    }
}
