import Foundation
public import HoldfastProcess
public import HoldfastRedis
import HoldfastRuntime
import TestWorld

/// A redis-server of a test's own: in a new directory, on a free port, gone with the test.
public final class RedisServer: Sendable {
    public let directory: String
    public let port: Int
    private let arguments: [String]
    private let environment: [String: String]
    private let process = Current()

    /// The server process of the moment; a restart brings another.
    private actor Current {
        var child: ChildProcess?
        func set(_ child: ChildProcess?) { self.child = child }
    }

    /// - Parameter tls: Whether `port` speaks TLS.
    private init(
        directory: String, port: Int, tls: Bool, arguments: [String], environment: [String: String]
    ) {
        self.environment = environment
        self.directory = directory
        self.port = port
        self.arguments =
            (tls ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"])
            + [
                "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no",
                "--unixsocket", directory + "/redis.sock", "--logfile", directory + "/redis.log",
            ] + arguments
    }

    public var socketPath: String { directory + "/redis.sock" }
    public var address: RedisAddress { .tcp(host: "127.0.0.1", port: port) }

    public var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(address: address)
        configuration.maximumBackoff = .milliseconds(200)
        return configuration
    }

    /// Starts a server, lends it to `body` and removes every trace of it.
    /// - Parameter environment: Variables of the server on top of this process' own.
    public static func with<Result: Sendable>(
        tls: Bool = false, in directory: String? = nil, _ arguments: [String] = [],
        environment: [String: String] = [:], isolation: isolated (any Actor)? = #isolation,
        _ body: (RedisServer) async throws -> Result
    ) async throws -> Result {
        let place = try directory ?? TemporaryDirectory().path
        let server = RedisServer(
            directory: place, port: try freePort(), tls: tls, arguments: arguments, environment: environment)
        let outcome: Swift.Result<Result, any Error>
        do {
            try await server.start()
            outcome = .success(try await body(server))
        } catch {
            outcome = .failure(error)
        }
        await server.kill()
        try? FileManager.default.removeItem(atPath: place)
        return try outcome.get()
    }

    /// Starts the process and returns when it accepts connections.
    public func start() async throws {
        try? FileManager.default.removeItem(atPath: socketPath)
        var command = Command("redis-server", arguments)
        command.output = .null
        command.error = .null
        if !environment.isEmpty { command.environment = .inheritAnd(environment) }
        let child = try await ChildProcess.start(command)
        await process.set(child)
        let runtime = LiveRuntime()
        // The log says when it is ready; looking again is cheaper than watching the file.
        for _ in 0..<1000 {
            if let log = try? String(contentsOfFile: directory + "/redis.log", encoding: .utf8),
                log.components(separatedBy: "The server is now ready to accept connections at").count > starts.value + 1
            {
                starts.increment()
                return
            }
            guard child.isRunning else { break }
            try await runtime.sleep(for: .milliseconds(10))
        }
        throw FixtureError(
            description: "redis-server did not start: "
                + ((try? String(contentsOfFile: directory + "/redis.log", encoding: .utf8)) ?? "no log"))
    }

    private let starts = Counter()

    public func kill() async {
        guard let child = await process.child else { return }
        _ = child.signal(.kill)
        _ = await child.wait()
        await process.set(nil)
    }

    public func signal(_ signal: Signal) async { _ = await process.child?.signal(signal) }

    public func restart() async throws {
        await kill()
        try await start()
    }
}

public struct FixtureError: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}
