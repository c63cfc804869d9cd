import HoldfastJobs
import HoldfastRedis
import HoldfastRuntime

/// The mutant `two-step-claim`: a worker takes a job off its queue, and registers later that it is its own, as naive
/// job queues do. What it had in its hands when it was killed is gone.
struct TwoStepClaim: Sendable {
    /// How long a job is nowhere but in the worker's hands.
    private static let gap: Duration = .milliseconds(5)

    private let queue: Queue
    private let runtime: any Runtime

    init(_ queue: String, _ client: RedisClient, runtime: any Runtime) throws {
        self.queue = try Queue(queue, client: client)
        self.runtime = runtime
    }

    /// Until the task is cancelled; what is in its hands then is put back.
    func run() async {
        let waiting = RedisArgument(queue.keys.queue(queue.name))
        while !Task.isCancelled {
            let taken = try? await queue.client.send(RedisCommand("LPOP", waiting))
            try? await runtime.sleep(for: Self.gap)
            guard let job = taken?.text else { continue }
            // Where the claim proper, which is one step, finds it.
            try? await runtime.shielded {
                _ = try? await queue.client.send(RedisCommand("LPUSH", waiting, RedisArgument(job)))
            }
        }
    }
}
