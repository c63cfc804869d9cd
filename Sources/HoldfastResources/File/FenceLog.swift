import HoldfastDigest
import HoldfastLocks

/// What the records beside a file say, and how they are written. A value: nothing here touches a disk.
///
/// One line a record, after a check of the line's own bytes, so that a line that was torn by a crash is known:
///
///     holdfast-fence 1                                first, and again after every tidying
///     S fence sequence                                the state when the log was tidied
///     F fence                                         the fence was raised
///     W sequence token expires digest key             a write, with its idempotency key
struct FenceLog: Sendable {
    struct Record: Sendable, Hashable {
        var sequence: Int64
        var token: Int64
        /// Seconds since 1970.
        var expires: Int64
        var digest: [UInt8]
    }

    /// Why the lines cannot be used.
    enum Fault: Error, Hashable {
        case damaged(line: Int)
        case newer(version: String)
    }

    static let version = "1"

    private(set) var fence: Int64 = 0
    private(set) var sequence: Int64 = 0
    private(set) var records: [[UInt8]: Record] = [:]
    /// Lines read so far.
    private(set) var lines = 0
    /// Bytes of them: what follows was torn by a crash and does not count.
    private(set) var size = 0

    // MARK: - Reading

    /// Reads what was added since.
    mutating func read(_ bytes: [UInt8]) throws(Fault) {
        var start = 0
        var torn: Int?
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let payload = Self.payload(of: bytes[start..<end])
            if torn == nil, let payload, try fold(payload) {
                size += end + 1 - start
            } else if torn == nil {
                torn = lines + 1
            } else if payload != nil {
                // Crashes tear only the end of a log.
                throw .damaged(line: torn ?? 0)
            }
            start = end + 1
        }
        if torn != nil, lines == 0 { throw .damaged(line: 1) }
    }

    private mutating func fold(_ payload: [Substring]) throws(Fault) -> Bool {
        guard let kind = payload.first else { return false }
        let numbers = payload.dropFirst().compactMap { Int64($0) }
        if lines == 0 {
            guard kind == "holdfast-fence", payload.count == 2 else { return false }
            guard payload[1] == Self.version else { throw .newer(version: String(payload[1])) }
        } else if kind == "S", payload.count == 3, numbers.count == 2 {
            (fence, sequence) = (numbers[0], numbers[1])
        } else if kind == "F", payload.count == 2, numbers.count == 1 {
            fence = max(fence, numbers[0])
        } else if kind == "W", payload.count == 6, let written = Self.record(payload) {
            fence = max(fence, written.record.token)
            sequence = max(sequence, written.record.sequence)
            records[written.key] = written.record
        } else {
            return false
        }
        lines += 1
        return true
    }

    private static func record(_ payload: [Substring]) -> (key: [UInt8], record: Record)? {
        guard let sequence = Int64(payload[1]), let token = Int64(payload[2]), let expires = Int64(payload[3]),
            let digest = bytes(payload[4]), let key = bytes(payload[5])
        else { return nil }
        return (key, Record(sequence: sequence, token: token, expires: expires, digest: digest))
    }

    private static func payload(of line: ArraySlice<UInt8>) -> [Substring]? {
        guard line.count > 17, line[line.startIndex + 16] == UInt8(ascii: " ") else { return nil }
        let text = line.dropFirst(17)
        guard check(text).elementsEqual(line.prefix(16)) else { return nil }
        return String(decoding: text, as: UTF8.self).split(separator: " ")
    }

    // MARK: - Writing

    static func line(_ payload: String) -> [UInt8] {
        Array(check(Array(payload.utf8)[...])) + Array(" \(payload)\n".utf8)
    }

    static func raised(to fence: Int64) -> [UInt8] { line("F \(fence)") }

    static func written(_ record: Record, key: [UInt8]) -> [UInt8] {
        line("W \(record.sequence) \(record.token) \(record.expires) \(hex(record.digest)) \(hex(key))")
    }

    static let blank = line("holdfast-fence \(version)")

    /// The same state in as few lines as it needs, without what has expired.
    func tidied(now: Int64) -> [UInt8] {
        var bytes = Self.blank + Self.line("S \(fence) \(sequence)")
        for (key, record) in records.sorted(by: { $0.value.sequence < $1.value.sequence }) where record.expires > now {
            bytes += Self.written(record, key: key)
        }
        return bytes
    }

    /// Whether most lines are of no more use. Counts only when there are enough of them.
    func isWorthTidying(now: Int64) -> Bool {
        lines >= 256 && lines > 2 * records.values.count { $0.expires > now }
    }

    // MARK: -

    private static func check(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(hex(Array(SHA256.digest(of: bytes).prefix(8))).utf8)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = hex.utf8.compactMap { byte in Character(UnicodeScalar(byte)).hexDigitValue }
        guard digits.count == hex.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
