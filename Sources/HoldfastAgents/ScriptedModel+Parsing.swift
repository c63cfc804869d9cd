internal import Glibc

extension ScriptedModel {
    public static let maxTurns = 1000
    public static let maxBytes = 1 << 20

    /// Reads a script file of at most 1 MiB.
    public init(path: String) throws(ScriptError) {
        try self.init(json: String(decoding: try Self.read(path), as: UTF8.self))
    }

    public init(json: String) throws(ScriptError) {
        let root: JSONValue
        do { root = try JSONValue(text: json) } catch { throw ScriptError(position: "", message: "\(error)") }
        let members = try Self.object(root, "", allowed: ["turns"])
        guard let list = members["turns"]?.array else {
            throw ScriptError(position: "turns", message: "must be an array of turns")
        }
        guard (1...Self.maxTurns).contains(list.count) else {
            throw ScriptError(position: "turns", message: "must hold 1 to \(Self.maxTurns) turns, holds \(list.count)")
        }
        var turns: [Turn] = []
        for (index, value) in list.enumerated() { turns.append(try Self.turn(value, "turns[\(index)]")) }
        self.init(turns: turns)
    }

    private static func turn(_ value: JSONValue, _ position: String) throws(ScriptError) -> Turn {
        let members = try object(value, position, allowed: ["calls", "expect", "say"])
        var turn = Turn()
        turn.say = try string(members, "say", position)
        turn.expect = try string(members, "expect", position)
        if let calls = members["calls"] {
            guard let list = calls.array, !list.isEmpty else {
                throw ScriptError(
                    position: "\(position).calls", message: "must be an array of calls, with at least one")
            }
            for (index, value) in list.enumerated() {
                turn.calls.append(try call(value, "\(position).calls[\(index)]"))
            }
        }
        if turn.say == nil && turn.calls.isEmpty {
            throw ScriptError(position: position, message: "needs \"say\" or \"calls\"")
        }
        return turn
    }

    private static func call(_ value: JSONValue, _ position: String) throws(ScriptError) -> Turn.Call {
        let members = try object(value, position, allowed: ["arguments", "tool"])
        guard let tool = try string(members, "tool", position) else {
            throw ScriptError(position: position, message: "needs \"tool\", the name of one")
        }
        let arguments = members["arguments"] ?? [:]
        guard arguments.object != nil else {
            throw ScriptError(
                position: "\(position).arguments", message: "must be an object, is \(arguments.kind)")
        }
        return Turn.Call(tool, arguments)
    }

    private static func object(
        _ value: JSONValue, _ position: String, allowed: [String]
    ) throws(ScriptError) -> [String: JSONValue] {
        guard let members = value.object else {
            throw ScriptError(position: position, message: "must be an object, is \(value.kind)")
        }
        if let stranger = members.keys.sorted().first(where: { !allowed.contains($0) }) {
            throw ScriptError(
                position: position.isEmpty ? stranger : "\(position).\(stranger)",
                message: "unknown key; allowed here: \(allowed.joined(separator: ", "))")
        }
        return members
    }

    private static func string(
        _ members: [String: JSONValue], _ name: String, _ position: String
    ) throws(ScriptError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else {
            throw ScriptError(position: "\(position).\(name)", message: "must be a string, is \(value.kind)")
        }
        return text
    }

    private static func read(_ path: String) throws(ScriptError) -> [UInt8] {
        func fail(_ reason: String) -> ScriptError {
            ScriptError(position: "", message: "cannot read \(path): \(reason)")
        }
        // Not blocking: opening a FIFO that nobody writes to would hang.
        let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw fail(String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw fail("not a regular file") }
        guard status.st_size <= maxBytes else { throw fail("longer than \(maxBytes) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if more < 0 && errno == EINTR { continue }
            guard more >= 0 else { throw fail(String(cString: strerror(errno))) }
            if more == 0 { break }
            count += more
        }
        return Array(bytes[..<count])
    }
}
