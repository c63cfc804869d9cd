import Foundation
import HoldfastRedis
import Synchronization

/// What one execution has said about itself and is not saved yet: values of RQ's `meta` by name.
final class MetaBoard: Sendable {
    /// How the scripts name the execution: queue, job, execution.
    let address: [RedisArgument]

    private struct State {
        /// Everything that this execution has set, newest values only.
        var values: [String: [UInt8]] = [:]
        var isDirty = false
        /// The stored `meta`, once it was read.
        var base: [UInt8]?
    }

    private let state = Mutex(State())

    init(address: [RedisArgument]) { self.address = address }

    var isDirty: Bool { state.withLock { $0.isDirty } }
    var base: [UInt8]? {
        get { state.withLock { $0.base } }
        set { state.withLock { $0.base = newValue } }
    }

    func set(_ name: String, _ json: [UInt8]) {
        state.withLock {
            $0.values[name] = json
            $0.isDirty = true
        }
    }

    /// What to save, clean from now on.
    func take() -> [String: [UInt8]] {
        state.withLock {
            $0.isDirty = false
            return $0.values
        }
    }

    /// What was taken was not saved.
    func putBack() { state.withLock { $0.isDirty = true } }

    func value(_ name: String) -> [UInt8]? { state.withLock { $0.values[name] } }

    /// `base` with `values` on top, as JSON; nil when the base is no JSON object, such as a pickle, and must stay.
    static func merge(_ base: [UInt8], _ values: [String: [UInt8]]) -> [UInt8]? {
        var object: [String: Any] = [:]
        if !base.isEmpty {
            guard let parsed = try? JSONSerialization.jsonObject(with: Data(base)) as? [String: Any] else { return nil }
            object = parsed
        }
        for (name, json) in values {
            object[name] = try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed)
        }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        return (try? JSONSerialization.data(withJSONObject: object, options: options)).map { Array($0) }
    }
}
