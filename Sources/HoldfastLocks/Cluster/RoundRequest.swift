import HoldfastRedis

/// A script call that goes to several nodes with the same bytes; each node's run id is appended when it is wanted.
///
/// An object, for it is handed from the round to the dispatcher and to every dispatch.
final class RoundRequest: Sendable {
    let phase: Int
    let script: RedisScript
    let keys: [RedisArgument]
    let arguments: [RedisArgument]
    let withRunID: Bool

    init(phase: Int, script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], withRunID: Bool) {
        self.phase = phase
        self.script = script
        self.keys = keys
        self.arguments = arguments
        self.withRunID = withRunID
    }

    /// Whether it is a step that ``LockScripts/together`` knows.
    var travelsTogether: Bool {
        script === LockScripts.grant && keys.count == 3 && arguments.count == 3
            || script === LockScripts.release && keys.count == 1 && arguments.count == 2
    }

    func encode(bySource: Bool) -> [UInt8] {
        script.encodeCall(keys: keys, arguments: arguments, missing: withRunID ? 1 : 0, bySource: bySource)
    }

    /// One call for all of `steps`, which lacks its last argument, the run id.
    ///
    /// - Precondition: They travel together.
    /// - Parameter record: The key of the node's record.
    static func encode(together steps: [RoundRequest], record: RedisArgument, bySource: Bool) -> [UInt8] {
        var keys: [RedisArgument] = []
        var arguments: [RedisArgument] = []
        keys.reserveCapacity(steps.count * 2 + 1)
        arguments.reserveCapacity(steps.count * 4)
        for step in steps {
            // A grant names the record by itself.
            keys += step.withRunID ? step.keys.dropLast() : step.keys[...]
            arguments.append(step.withRunID ? grant : release)
            arguments += step.arguments
        }
        keys.append(record)
        return LockScripts.together.encodeCall(keys: keys, arguments: arguments, missing: 1, bySource: bySource)
    }

    private static let grant: RedisArgument = "grant"
    private static let release: RedisArgument = "release"
}
