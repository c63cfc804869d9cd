import Foundation
import HoldfastProcess
import HoldfastRedis
import HoldfastRuntime

/// Whether a server that was just started can be used.
enum Readiness: Sendable, Equatable {
    case ready
    case ended(ExitStatus?)
    /// Another process answers on the port.
    case foreign(String)
    case timedOut(String)
    case cancelled

    /// Waits for the first of: it answers PING, it ends, the time is over.
    static func await(
        _ server: ServerProcess, port: Int, patience: Duration, runtime: any Runtime
    ) async -> Readiness {
        await withTaskGroup(of: Readiness.self) { group in
            group.addTask {
                do { return .ended(try await server.waitForEnd()) } catch { return .cancelled }
            }
            group.addTask { await answer(port: port, pid: server.pid, patience: patience, runtime: runtime) }
            let first = await group.next() ?? .cancelled
            group.cancelAll()
            return first
        }
    }

    private static func answer(
        port: Int, pid: Int32, patience: Duration, runtime: any Runtime
    ) async -> Readiness {
        var configuration = RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port))
        configuration.firstBackoff = .milliseconds(5)
        configuration.maximumBackoff = .milliseconds(50)
        let client = RedisClient(configuration, runtime: runtime)
        let outcome = await ask(client, pid: pid, patience: patience, runtime: runtime)
        await client.close(grace: .zero)
        return outcome
    }

    private static func ask(
        _ client: RedisClient, pid: Int32, patience: Duration, runtime: any Runtime
    ) async -> Readiness {
        let deadline = runtime.now.advanced(by: patience)
        var last = "no answer"
        while !Task.isCancelled {
            let left = runtime.now.duration(to: deadline)
            if left <= .zero { return .timedOut(last) }
            do {
                try await client.ready(within: left)
                let info = try await client.send(RedisCommand("INFO", "server")).text ?? ""
                // A server of somebody else may have taken the port first: its answer proves nothing about ours.
                guard let answering = processID(in: info) else { return .foreign("a server without a process id") }
                guard answering == pid else { return .foreign("process \(answering)") }
                if try await client.send(RedisCommand("PING").idempotent).text == "PONG" { return .ready }
            } catch {
                // LOADING, or the connection broke: try again until the time is over.
                last = "\(error)"
            }
            do { try await runtime.sleep(for: .milliseconds(20)) } catch { return .cancelled }
        }
        return .cancelled
    }

    private static func processID(in info: String) -> Int32? {
        for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix("process_id:") {
            return Int32(line.dropFirst("process_id:".count))
        }
        return nil
    }
}
