import Foundation
import HoldfastProcess
import HoldfastRuntime

/// A running adapter, asked one question at a time.
struct AdapterProcess {
    /// No answer, or none that can be understood: the stream cannot be used any more.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// How long one that was told to end, by the end of its input, may take.
    private static let grace: Duration = .seconds(2)
    /// Python's libraries take their time to be loaded on a busy machine.
    static let startDeadline: Duration = .seconds(30)

    let process: ChildProcess
    /// Ends also what a shell started in the adapter's group, and what is stopped: even when this process is killed.
    private let guardian = GroupGuard()
    private let runtime: any Runtime
    private var answers: PipeLines.Iterator
    private var asked = 0

    /// The variable in which a command line is told, which may hold a password: not by arguments, which everybody on
    /// the machine can read.
    static let variable = "HOLDFAST_ADAPTER"

    /// - Parameters:
    ///   - line: As a shell reads it.
    ///   - log: The file that its standard error is appended to.
    static func start(_ line: String, log: String, runtime: any Runtime) async throws -> AdapterProcess {
        var command = Command("sh", ["-c", "eval \"$\(variable)\""])
        command.environment = .inheritAnd([variable: line])
        command.input = .pipe
        command.output = .pipe
        command.error = .file(log)
        // So that what a shell started is stopped and killed with it.
        command.grouping = .ownGroup
        command.keepsGroup = true
        let adapter = try AdapterProcess(try await ChildProcess.start(command), runtime)
        do { try await adapter.guardian.protect(adapter.process) } catch {
            await adapter.stop()
            throw error
        }
        return adapter
    }

    private init(_ process: ChildProcess, _ runtime: any Runtime) throws {
        guard let output = process.output else { throw ChaosError("the adapter has no standard output") }
        self.process = process
        self.runtime = runtime
        answers = output.lines().makeAsyncIterator()
    }

    /// - Throws: ``AdapterReply/Failure`` for an error that it answered, ``Broken`` when it is of no more use.
    mutating func ask(_ request: AdapterRequest, within limit: Duration? = nil) async throws -> AdapterReply.Answer {
        var request = request
        asked += 1
        request.id = asked
        let limit = limit ?? .milliseconds(request.deadline)
        request.deadline = limit.milliseconds
        let line = try await exchange(request, within: limit)
        guard let reply = try? JSONDecoder().decode(AdapterReply.self, from: Data(line.utf8)) else {
            throw Broken(description: "the adapter answered \(request.op.rawValue) with '\(line.prefix(200))'")
        }
        if let failure = reply.error, reply.id == asked { throw failure }
        guard let answer = reply.ok, reply.id == asked else {
            throw Broken(description: "the adapter answered question \(asked) with '\(line.prefix(200))'")
        }
        return answer
    }

    private mutating func exchange(_ request: AdapterRequest, within limit: Duration) async throws -> String {
        let (process, runtime) = (process, runtime)
        // Its end is the end of what is waited for.
        async let _: Void = {
            guard (try? await runtime.sleep(for: limit)) != nil else { return }
            process.killGroup(.kill)
        }()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line: String?
        do {
            try await process.input?.write(Array(try encoder.encode(request)) + [UInt8(ascii: "\n")])
            line = try await answers.next()
        } catch { line = nil }
        guard let line else {
            // What ends closes its output first.
            for _ in 0..<100 where process.isRunning { try? await runtime.sleep(for: .milliseconds(10)) }
            let state = process.exitStatus.map { "ended (\($0))" } ?? "closed its output or was too slow"
            throw Broken(description: "the adapter \(state) instead of answering \(request.op.rawValue)")
        }
        return line
    }

    /// Tells the adapter where the servers are.
    mutating func open(nodes: [String], store: String) async throws -> AdapterReply.Answer {
        var request = AdapterRequest(.open)
        (request.version, request.nodes, request.store) = (AdapterRequest.version, nodes, store)
        let answer = try await ask(request, within: Self.startDeadline)
        guard answer.version == AdapterRequest.version, answer.library != nil else {
            throw Broken(
                description: "the adapter must answer open with \"protocol\": \(AdapterRequest.version) and \"library\""
            )
        }
        return answer
    }

    func stop() async {
        process.input?.close()
        let ended = runtime.now.advanced(by: Self.grace)
        while process.isRunning, runtime.now < ended {
            guard (try? await runtime.sleep(for: .milliseconds(10))) != nil else { break }
        }
        await process.terminateGroup(grace: .zero, runtime: runtime)
        await guardian.release(process)
        process.releaseGroup()
    }
}
