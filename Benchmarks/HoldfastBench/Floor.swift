import CFloor

/// One thread of C on the same servers with the same bytes. Owns its connections; one caller at a time.
final class Floor: @unchecked Sendable {
    struct Lost: Error {}

    private let quorum: OpaquePointer
    private let servers: Int

    init(ports: [Int]) throws {
        guard let quorum = floor_open(ports.map(Int32.init), Int32(ports.count)) else { throw Lost() }
        self.quorum = quorum
        servers = ports.count
    }

    deinit { floor_close(quorum) }

    /// - Parameter rounds: The rounds of one turn; each has a command a server.
    func measure(
        _ name: String, _ seconds: Double, rounds: @escaping @Sendable (_ turn: Int) -> [[[UInt8]]]
    ) async throws -> Measurement {
        try await Measurement.closedLoop(name, callers: 1, seconds: seconds) { _, turn in
            for commands in rounds(turn) { try self.round(commands) }
        }
    }

    private func round(_ commands: [[UInt8]]) throws {
        precondition(commands.count == servers, "a round has a command for each server")
        // One buffer for all, so that the floor pays no allocation a server.
        let offsets = commands.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        let lost = commands.joined().withContiguousCopy { bytes in
            let pointers = offsets.dropLast().map { offset in
                bytes.baseAddress.map { UnsafeRawPointer($0 + offset).assumingMemoryBound(to: CChar.self) }
            }
            return floor_round(quorum, pointers, commands.map(\.count)) != 0
        }
        if lost { throw Lost() }
    }
}

extension Sequence<UInt8> {
    fileprivate func withContiguousCopy<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        Array(self).withUnsafeBufferPointer(body)
    }
}
