import HoldfastDigest
import Testing

/// The test cases of RFC 4231, by its numbers, and what must not pass for a code.
@Suite(.timeLimit(.minutes(1))) struct HMACSHA256Tests {
    struct Vector: Sendable {
        let number: Int
        let key: [UInt8]
        let message: [UInt8]
        let code: String

        static let all = [
            Vector(
                number: 1, key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
                code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            Vector(
                number: 2, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
                code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            Vector(
                number: 3, key: [UInt8](repeating: 0xaa, count: 20), message: [UInt8](repeating: 0xdd, count: 50),
                code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            Vector(
                number: 6, key: [UInt8](repeating: 0xaa, count: 131),
                message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            Vector(
                number: 7, key: [UInt8](repeating: 0xaa, count: 131),
                message: Array(
                    ("This is a test using a larger than block-size key and a larger than block-size data. "
                        + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
                code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ]
    }

    private let key = Array("a key".utf8)
    private let message = Array("a message".utf8)

    @Test(arguments: Vector.all)
    func published(_ vector: Vector) {
        let code = HMACSHA256.code(for: vector.message, key: vector.key)
        #expect(hex(code) == vector.code, "case \(vector.number)")
        #expect(HMACSHA256.isValid(code, for: vector.message, key: vector.key))
    }

    @Test func anEmptyKeyAndAnEmptyMessage() {
        let code = HMACSHA256.code(for: [], key: [])
        #expect(hex(code) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        #expect(HMACSHA256.isValid(code, for: [], key: []))
        // RFC 2104 fills keys up with zeros.
        #expect(HMACSHA256.code(for: message, key: []) == HMACSHA256.code(for: message, key: [0]))
    }

    @Test func everyBitOfTheCodeCounts() {
        let code = HMACSHA256.code(for: message, key: key)
        #expect(HMACSHA256.isValid(code, for: message, key: key))
        for bit in 0..<(code.count * 8) {
            var changed = code
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!HMACSHA256.isValid(changed, for: message, key: key), "bit \(bit)")
        }
    }

    @Test func onlyAWholeCodeIsValid() {
        let code = HMACSHA256.code(for: message, key: key)
        #expect(!HMACSHA256.isValid([], for: message, key: key))
        #expect(!HMACSHA256.isValid(Array(code.dropLast()), for: message, key: key))
        #expect(!HMACSHA256.isValid(code + [0], for: message, key: key))
        #expect(!HMACSHA256.isValid(code + code, for: message, key: key))
    }

    @Test func anotherMessageOrKeyHasAnotherCode() {
        let code = HMACSHA256.code(for: message, key: key)
        #expect(!HMACSHA256.isValid(code, for: message + [0], key: key))
        #expect(!HMACSHA256.isValid(code, for: message, key: Array("b key".utf8)))
    }
}
