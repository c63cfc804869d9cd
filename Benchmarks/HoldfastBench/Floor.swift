import CFloor
import HoldfastMeasurement
import HoldfastRuntime

/// One thread of C on the same servers. Owns its connections; one caller at a time.
final class Floor: @unchecked Sendable {
    // @unchecked: the connections are C's; each floor has one caller.
    struct Lost: Error, CustomStringConvertible {
        var description: String { "a server of the floor in C was lost, or refused what it was asked" }
    }

    /// Encoded commands for each server, where C can read them.
    final class Round: @unchecked Sendable {
        // @unchecked: written once, then only read.
        fileprivate let commands: UnsafeMutableBufferPointer<floor_commands>
        /// How many commands each server gets, and so replies it owes.
        fileprivate let replies: Int32

        /// - Parameter servers: For each server its commands.
        init(_ servers: [[[UInt8]]]) {
            commands = .allocate(capacity: servers.count)
            replies = Int32(servers[0].count)
            for (place, own) in servers.enumerated() {
                let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: own.reduce(0) { $0 + $1.count })
                _ = bytes.initialize(fromContentsOf: own.joined().map { CChar(bitPattern: $0) })
                commands.initializeElement(
                    at: place, to: floor_commands(bytes: bytes.baseAddress, length: bytes.count))
            }
        }

        deinit {
            for own in commands { own.bytes.deallocate() }
            commands.deallocate()
        }
    }

    /// How long jobs wait for a worker in C that is idle, see `floor_pickup`.
    /// - Parameters:
    ///   - pushes: One a job.
    ///   - claims: One a job.
    ///   - least: How many elements the answer to a claim has at least.
    static func pickUp(
        every interval: Duration, port: Int, pushes: Round, wait: Round, claims: Round, least: Int
    ) throws -> Latencies {
        let count = pushes.commands.count
        var spans = [Int64](repeating: 0, count: count)
        let status = floor_pickup(
            Int32(port), Int32(count), interval.nanoseconds, pushes.commands.baseAddress, wait.commands.baseAddress,
            claims.commands.baseAddress, Int32(least), &spans)
        guard status == 0 else { throw Lost() }
        var latencies = Latencies()
        for span in spans { latencies.record(.nanoseconds(span)) }
        return latencies
    }

    private let quorum: OpaquePointer

    init(ports: [Int]) throws {
        guard let quorum = floor_open(ports.map(Int32.init), Int32(ports.count)) else { throw Lost() }
        self.quorum = quorum
    }

    deinit { floor_close(quorum) }

    /// Sends the commands to every server, and returns when a majority has answered.
    func run(_ round: Round) throws {
        if floor_round(quorum, round.commands.baseAddress, round.replies, 0) != 0 { throw Lost() }
    }

    /// Acquires locks and releases them.
    /// - Returns: How long the acquisition took.
    func cycle(take: Round, release: Round) throws -> Duration {
        let nanoseconds = floor_cycle(quorum, take.commands.baseAddress, release.commands.baseAddress, take.replies)
        guard nanoseconds >= 0 else { throw Lost() }
        return .nanoseconds(nanoseconds)
    }
}
