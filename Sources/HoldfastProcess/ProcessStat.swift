import Glibc

/// What the kernel tells of one process in /proc/PID/stat, as far as anybody here asks
/// (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
public struct ProcessStat: Sendable, Hashable {
    /// `R` running, `S` sleeping, `T` stopped, `t` stopped by a debugger, `Z` zombie, `X` dead …
    public let state: Character
    public let parent: Int32
    /// The process group.
    public let group: Int32
    /// When it started, in clock ticks since the machine's boot.
    public let startTicks: UInt64

    /// What holds now of the process with this number; nil when there is none.
    public init?(pid: Int32) {
        guard pid > 0, let text = Self.contents("/proc/\(pid)/stat") else { return nil }
        self.init(text)
    }

    /// - Parameter text: The file's contents.
    init?(_ text: String) {
        // The second field is the program's name in brackets and may hold anything.
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let group = Int32(fields[2]), let startTicks = UInt64(fields[19])
        else { return nil }
        self.state = state
        self.parent = parent
        self.group = group
        self.startTicks = startTicks
    }

    /// Whether it has ended, and only its parent has not looked yet.
    public var hasEnded: Bool { state == "Z" || state == "X" }

    public var isStopped: Bool { state == "T" || state == "t" }

    static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, 4096))
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
