import CZlib

/// The compression of RQ's `data` and `exc_string` fields.
enum Zlib {
    enum Inflated: Hashable {
        case bytes([UInt8])
        /// Not in the zlib format: RQ's readers then take the bytes as they are.
        case notCompressed
        case tooLarge
    }

    static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        let capacity = hf_deflate_bound(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = Int(hf_deflate(bytes, bytes.count, buffer.baseAddress, capacity))
            precondition(count >= 0, "compressBound promises room for every input")
        }
    }

    /// Inflates at most `limit` bytes. The buffer grows by doubling, so that a small bomb is noticed at the price of
    /// `limit` bytes, and a usual payload costs no more than it needs.
    static func inflate(_ bytes: [UInt8], limit: Int) -> Inflated {
        guard bytes.count >= 2, looksCompressed(bytes[0], bytes[1]) else { return .notCompressed }
        var capacity = min(limit, max(1024, bytes.count * 4))
        while true {
            var outcome = Int64(0)
            let inflated = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                outcome = hf_inflate(bytes, bytes.count, buffer.baseAddress, capacity)
                count = Int(max(0, outcome))
            }
            switch outcome {
            case Int64(HF_ZLIB_BROKEN): return .notCompressed
            case Int64(HF_ZLIB_FULL):
                if capacity == limit { return .tooLarge }
                capacity = min(limit, capacity * 2)
            default: return .bytes(inflated)
            }
        }
    }

    /// RFC 1950: method 8, and the two header bytes are a multiple of 31.
    private static func looksCompressed(_ first: UInt8, _ second: UInt8) -> Bool {
        first & 15 == 8 && (Int(first) * 256 + Int(second)) % 31 == 0
    }
}
