import Foundation
import HoldfastRedis
import HoldfastRuntime

extension Worker {
    /// Records an outcome, if the execution is still registered. Repeats after an unknown outcome: the scripts know
    /// an execution whose outcome stands already.
    func report(_ outcome: Outcome, of execution: Execution) async {
        await shielded { await self.record(outcome, of: execution) }
    }

    private func record(_ outcome: Outcome, of execution: Execution) async {
        var arguments = [prefix, RedisArgument(name)] + execution.address
        arguments.append(RedisArgument(execution.startedAt))
        let script: RedisScript
        var reason = ""
        switch outcome {
        case .success(let value):
            script = JobScripts.finish
            arguments.append(value == nil ? 0 : 1)
            arguments.append(RedisArgument(value.map { Data($0).base64EncodedString() } ?? ""))
        case .failure(let text, let mayRetry):
            script = JobScripts.fail
            reason = text
            arguments.append(mayRetry ? 1 : 0)
            arguments.append(RedisArgument(JobResult.encode(failure: text)))
        }
        let call = arguments
        let answer = await persist { () async throws(RedisError) in
            try await client.run(script, keys: [], arguments: call, idempotent: true)
        }
        switch answer {
        case .failure(let error): note(.outcomeDropped(execution.info, error))
        case .success(let reply):
            switch (reply.text, outcome) {
            case ("finished", _), ("repeated", .success): note(.finished(execution.info))
            case ("repeated", .failure): note(.failed(execution.info, reason: reason, next: .failed))
            case (let text?, .failure):
                if let next = WorkerEvent.AfterFailure(rawValue: text) {
                    note(.failed(execution.info, reason: reason, next: next))
                } else {
                    note(.staleCompletionRefused(execution.info))
                }
            default: note(.staleCompletionRefused(execution.info))
            }
        }
    }

    /// Gives an unfinished job back to the front of its queue, if it is still ours.
    func giveBack(_ execution: Execution) async {
        await shielded {
            let call = [self.prefix, RedisArgument(self.name)] + execution.address
            let answer = await self.persist { () async throws(RedisError) in
                try await self.client.run(JobScripts.release, keys: [], arguments: call, idempotent: true)
            }
            switch answer {
            case .failure(let error): self.note(.outcomeDropped(execution.info, error))
            case .success(let reply):
                if reply.array?.first?.integer == 1 { self.note(.returned(execution.info)) }
            }
        }
    }

    /// Repeats until the server answers, for two leases and at least half a minute: after that others have repaired
    /// the execution, or nobody can reach the server.
    private func persist(
        _ body: () async throws(RedisError) -> RedisReply
    ) async -> Result<RedisReply, RedisError> {
        let runtime = client.runtime
        let deadline = runtime.now.advanced(by: max(configuration.lease * 2, .seconds(30)))
        while true {
            do {
                return .success(try await body())
            } catch {
                if error.code == .closed || runtime.now >= deadline { return .failure(error) }
                note(.troubled(error))
            }
            try? await runtime.sleep(for: .milliseconds(20) + runtime.jitter(upTo: .milliseconds(200)))
        }
    }
}
