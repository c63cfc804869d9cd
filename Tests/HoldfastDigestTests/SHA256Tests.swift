import HoldfastDigest
import Testing

/// The examples that NIST publishes for FIPS 180-4.
@Suite(.timeLimit(.minutes(1))) struct SHA256Tests {
    private static let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    private static let ofMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func shortMessages(_ message: String, _ digest: String) {
        #expect(hex(SHA256.digest(of: Array(message.utf8))) == digest)
        var pieces = SHA256()
        for byte in message.utf8 { pieces.update([byte]) }
        #expect(hex(pieces.finalize()) == digest)
    }

    @Test func aMillionBytesAtOnce() {
        #expect(hex(SHA256.digest(of: Self.million)) == Self.ofMillion)
    }

    /// Empty pieces, and pieces below, at and above the block of 64 bytes.
    @Test func aMillionBytesInUnevenPieces() {
        var pieces = SHA256()
        var rest = Self.million[...]
        let sizes = [0, 1, 63, 64, 65, 4096, 10_007]
        var turn = 0
        while !rest.isEmpty {
            let piece = rest.prefix(sizes[turn % sizes.count])
            pieces.update(piece)
            rest = rest.dropFirst(piece.count)
            turn += 1
        }
        #expect(hex(pieces.finalize()) == Self.ofMillion)
    }

    /// The digest is of the elements, however the collection keeps them.
    @Test func anyCollectionOfBytes() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(hex(SHA256.digest(of: "abc".utf8)) == abc)
        #expect(hex(SHA256.digest(of: Array("xabcx".utf8)[1..<4])) == abc)
        #expect(hex(SHA256.digest(of: Array("cba".utf8).reversed() as ReversedCollection)) == abc)
        #expect(hex(SHA256.digest(of: EmptyCollection())) == hex(SHA256.digest(of: [])))
    }

    @Test func twoAtWorkDoNotDisturbEachOther() {
        var first = SHA256()
        var second = SHA256()
        first.update("a".utf8)
        second.update("ab".utf8)
        first.update("bc".utf8)
        second.update("c".utf8)
        #expect(first.finalize() == SHA256.digest(of: "abc".utf8))
        #expect(second.finalize() == SHA256.digest(of: "abc".utf8))
    }
}
