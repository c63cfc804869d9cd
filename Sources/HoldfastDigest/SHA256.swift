import COpenSSL

/// SHA-256 (FIPS 180-4), by the system's libcrypto. A value of it digests bytes that come in pieces.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        guard let context = hf_sha256_create() else { Self.fail() }
        self.context = context
    }

    deinit { hf_sha256_free(context) }

    package mutating func update(_ bytes: some Collection<UInt8>) {
        let done = bytes.withBytes { hf_sha256_update(context, $0.baseAddress, $0.count) }
        if done == 0 { Self.fail() }
    }

    /// The digest of all pieces, 32 bytes.
    package consuming func finalize() -> [UInt8] {
        Self.digest { hf_sha256_final(context, $0) }
    }

    /// The digest of whole bytes, 32 of them.
    package static func digest(of bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.withBytes { bytes in digest { hf_sha256(bytes.baseAddress, bytes.count, $0) } }
    }

    private static func digest(_ write: (UnsafeMutablePointer<UInt8>?) -> Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(HF_SHA256_BYTES)) { buffer, count in
            if write(buffer.baseAddress) == 0 { fail() }
            count = Int(HF_SHA256_BYTES)
        }
    }

    private static func fail() -> Never {
        preconditionFailure("libcrypto has no SHA-256 by the system's configuration, or no memory for it")
    }
}

extension Collection<UInt8> {
    /// Without a copy where the bytes lie in one piece, as in arrays, slices, strings and buffers.
    fileprivate func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        withContiguousStorageIfAvailable(body) ?? Array(self).withUnsafeBufferPointer(body)
    }
}
