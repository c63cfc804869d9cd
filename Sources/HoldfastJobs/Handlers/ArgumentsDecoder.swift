import Foundation

/// Binds a job's positional and named arguments to a `Decodable` type, as a Python call binds them to parameters.
///
/// It relies on `Decodable`'s synthesised initialisers asking for properties in the order of their declaration: the
/// n-th key that is asked for takes the n-th positional argument, and later keys their named one.
struct ArgumentsDecoder: Decoder {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    let call: Call

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        return KeyedDecodingContainer(BoundArguments<Key>(call: call))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try call.refuseNames()
        call.isTakenWhole = true
        return try call.list.unkeyedContainer()
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        try call.refuseNames()
        call.isTakenWhole = true
        guard call.positional.count == 1 else {
            throw Call.mismatch("takes 1 argument, but \(call.positional.count) were given")
        }
        return try call.positional[0].singleValueContainer()
    }

    /// The arguments of one call, and how they were bound so far. Lives within one synchronous decoding.
    final class Call {
        /// The decoder of the whole array of positional arguments.
        let list: any Decoder
        let positional: [any Decoder]
        let named: [String: any Decoder]
        var order: [String] = []
        /// Whether the type took the positional arguments as a list or as its only value.
        var isTakenWhole = false

        init(list: any Decoder, positional: [any Decoder], named: [String: any Decoder]) {
            self.list = list
            self.positional = positional
            self.named = named
        }

        static func mismatch(_ what: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: [], debugDescription: "the function \(what)"))
        }

        func refuseNames() throws {
            if let name = named.keys.min() { throw Self.mismatch("has no argument \(name)") }
        }

        /// The argument for a property; nil when none was given.
        func argument(_ name: String) throws -> (any Decoder)? {
            let index = order.firstIndex(of: name) ?? order.count
            if index == order.count { order.append(name) }
            guard index < positional.count else { return named[name] }
            if named[name] != nil { throw Self.mismatch("got two values for the argument \(name)") }
            return positional[index]
        }

        /// Called after decoding. Positional arguments beyond the properties, and names that no property has, are
        /// mistakes of the caller.
        func refuseSurplus() throws {
            if isTakenWhole { return }
            if positional.count > order.count {
                throw Self.mismatch("takes \(order.count) arguments, but \(positional.count) were given")
            }
            if let name = named.keys.sorted().first(where: { !order.contains($0) }) {
                throw Self.mismatch("has no argument \(name)")
            }
        }
    }
}

/// A payload with its arguments bound to `Arguments`.
struct BoundCall<Arguments: Decodable>: Decodable {
    let arguments: Arguments

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        _ = try parts.decode(String.self)
        _ = try parts.decodeNil()
        let list = try parts.superDecoder()
        var elements = try list.unkeyedContainer()
        var positional: [any Decoder] = []
        while !elements.isAtEnd { positional.append(try elements.superDecoder()) }
        let keywords = try parts.nestedContainer(keyedBy: AnyKey.self)
        var named: [String: any Decoder] = [:]
        for key in keywords.allKeys { named[key.stringValue] = try keywords.superDecoder(forKey: key) }
        let call = ArgumentsDecoder.Call(list: list, positional: positional, named: named)
        arguments = try Arguments(from: ArgumentsDecoder(call: call))
        try call.refuseSurplus()
    }
}

struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
