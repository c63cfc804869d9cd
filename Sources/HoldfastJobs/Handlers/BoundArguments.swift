/// The keyed side of ``ArgumentsDecoder``: every value goes through the payload's own decoder.
struct BoundArguments<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let call: ArgumentsDecoder.Call
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { call.named.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { (try? call.argument(key.stringValue)) ?? nil != nil }

    private func argument(_ key: Key) throws -> any Decoder {
        guard let found = try call.argument(key.stringValue) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: [], debugDescription: "no such argument"))
        }
        return found
    }

    private func value<Value: Decodable>(_ key: Key) throws -> Value {
        do {
            return try argument(key).singleValueContainer().decode(Value.self)
        } catch DecodingError.typeMismatch(let type, let context) {
            let text = "the argument \(key.stringValue): \(context.debugDescription)"
            throw DecodingError.typeMismatch(type, .init(codingPath: [], debugDescription: text))
        } catch DecodingError.valueNotFound(let type, _) {
            let text = "the argument \(key.stringValue) is null"
            throw DecodingError.valueNotFound(type, .init(codingPath: [], debugDescription: text))
        }
    }

    func decodeNil(forKey key: Key) throws -> Bool { try argument(key).singleValueContainer().decodeNil() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try value(key) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try argument(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try argument(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { ArgumentsDecoder(call: call) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try argument(key) }
}
