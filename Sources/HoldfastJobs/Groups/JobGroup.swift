public import HoldfastRedis
import HoldfastRuntime

/// Jobs that are counted together: RQ's `Group`. Jobs enter it by ``JobOption/group(_:)``, and leave it when their
/// records expire or are deleted.
///
/// A value: it owns nothing.
public struct JobGroup: Sendable {
    public let name: GroupName
    public let client: RedisClient
    public let keys: RQKeys

    private static let page = 1000

    public init(_ name: GroupName, client: RedisClient, keys: RQKeys = .standard) {
        self.name = name
        self.client = client
        self.keys = keys
    }

    /// How many of its jobs are in each state. Linear in their number, a thousand a round trip; also removes those
    /// that are no more, as RQ does.
    /// - Throws: ``JobsError`` with `redis`.
    public func status() async throws(JobsError) -> GroupStatus { try await look().status }

    /// The ids of its jobs, in no order.
    /// - Throws: ``JobsError`` with `redis`.
    public func members() async throws(JobsError) -> [JobID] { try await look().members.map(\.0) }

    /// Waits until none of its jobs is live any more: each has finished, failed for good, was stopped or canceled.
    ///
    /// The wait is done by the server, on a leased connection, a job at a time.
    /// - Returns: how they ended. Records that expired meanwhile are not counted.
    /// - Throws: ``JobsError`` with `timedOut`, or `redis`, also when the caller is cancelled.
    public func wait(patience: Duration) async throws(JobsError) -> GroupStatus {
        let runtime = client.runtime
        let deadline = runtime.now.advanced(by: patience)
        while true {
            let (status, members) = try await look()
            guard let live = members.first(where: { !$0.1.isFinal })?.0 else { return status }
            let rest = runtime.now.duration(to: deadline)
            guard rest > .zero else {
                throw JobsError(.timedOut, "\(status.live) jobs of the group \(name) are live after \(patience)")
            }
            do {
                // In slices: a job may end without a result, when it is canceled.
                _ = try await Queue(QueueName(unchecked: "any"), client: client, keys: keys)
                    .wait(for: live, patience: min(rest, .seconds(1)))
                // A repeated job has a result and is live.
                if status.live == 1 { try await pause(runtime) }
            } catch  where error.code == .timedOut || error.code == .noSuchJob {
                continue
            }
        }
    }

    private func pause(_ runtime: any Runtime) async throws(JobsError) {
        do { try await runtime.sleep(for: .milliseconds(50)) } catch {
            throw JobsError(.timedOut, "the wait for the group \(name) was cancelled")
        }
    }

    /// The names of all groups, in order.
    /// - Throws: ``JobsError`` with `redis`.
    public static func names(_ client: RedisClient, keys: RQKeys = .standard) async throws(JobsError) -> [GroupName] {
        let reply = try await JobsError.wrapping { () async throws(RedisError) in
            try await client.send(RedisCommand("SMEMBERS", RedisArgument(keys.groups)).idempotent)
        }
        return (reply.array ?? []).compactMap(\.text).sorted().compactMap { try? GroupName($0) }
    }

    private func look() async throws(JobsError) -> (status: GroupStatus, members: [(JobID, JobStatus)]) {
        var members: [(JobID, JobStatus)] = []
        var seen: Set<String> = []
        do {
            var cursor = "0"
            repeat {
                let reply = try await client.send(
                    RedisCommand(
                        "SSCAN", RedisArgument(keys.group(name)), RedisArgument(cursor), "COUNT",
                        RedisArgument(Self.page)
                    ).idempotent)
                let parts = reply.array ?? []
                cursor = parts.first?.text ?? "0"
                let ids = (parts.last?.array ?? []).compactMap(\.text).filter {
                    JobID.isValid($0) && seen.insert($0).inserted
                }
                members += try await states(ids.map { JobID(unchecked: $0) })
            } while cursor != "0"
        } catch {
            throw JobsError(error)
        }
        return (GroupStatus(members.map(\.1)), members)
    }

    private func states(_ ids: [JobID]) async throws(RedisError) -> [(JobID, JobStatus)] {
        guard !ids.isEmpty else { return [] }
        let outcomes = try await client.pipeline(
            ids.map { RedisCommand("HMGET", RedisArgument(keys.job($0)), "status", "data").idempotent })
        var states: [(JobID, JobStatus)] = []
        var gone: [RedisArgument] = []
        for (id, outcome) in zip(ids, outcomes) {
            let fields = try outcome.get().array ?? []
            if fields.last?.isNull != false {
                gone.append(RedisArgument(id.text))
            } else {
                states.append((id, fields.first?.text.flatMap(JobStatus.init(rawValue:)) ?? .created))
            }
        }
        if !gone.isEmpty {
            _ = try await client.send(
                RedisCommand("SREM", arguments: [RedisArgument(keys.group(name))] + gone).idempotent)
        }
        return states
    }
}

/// How many jobs of a group are in each state.
public struct GroupStatus: Sendable, Hashable {
    public let counts: [JobStatus: Int]

    init(_ states: [JobStatus]) { counts = states.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

    public var total: Int { counts.values.reduce(0, +) }
    /// Those that are not over.
    public var live: Int { counts.reduce(0) { $0 + ($1.key.isFinal ? 0 : $1.value) } }
    public var finished: Int { counts[.finished] ?? 0 }
    public var failed: Int { counts[.failed] ?? 0 }
}
