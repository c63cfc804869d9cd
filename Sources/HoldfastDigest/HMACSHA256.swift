import COpenSSL

/// HMAC-SHA256 (RFC 2104), by the system's libcrypto: a code that only who has the key can make.
package enum HMACSHA256 {
    /// The code of a message, 32 bytes.
    package static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(HF_SHA256_BYTES)) { buffer, count in
            guard hf_hmac_sha256(key, key.count, message, message.count, buffer.baseAddress) != 0 else {
                preconditionFailure("libcrypto has no HMAC-SHA256 by the system's configuration, or no memory for it")
            }
            count = Int(HF_SHA256_BYTES)
        }
    }

    /// Compares in constant time: how long it takes tells nobody how much of a guessed code is right.
    package static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        let right = self.code(for: message, key: key)
        return code.count == right.count && hf_constant_time_equal(code, right, right.count) != 0
    }
}
