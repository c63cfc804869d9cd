import CFloor

/// One thread of C on the same servers. Owns its connections; one caller at a time.
final class Floor: @unchecked Sendable {
    // @unchecked: the connections are C's; each floor has one caller.
    struct Lost: Error {}

    private let quorum: OpaquePointer

    init(ports: [Int]) throws {
        guard let quorum = floor_open(ports.map(Int32.init), Int32(ports.count)) else { throw Lost() }
        self.quorum = quorum
    }

    deinit { floor_close(quorum) }

    /// Sends the command to every server, and returns when a majority has answered.
    func round(_ command: [UInt8]) throws {
        let lost = command.withUnsafeBytes { bytes in
            floor_round(quorum, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        if lost != 0 { throw Lost() }
    }
}
