import HoldfastProcess
import HoldfastRuntime
import Synchronization

/// The worker processes: a dead one is replaced by a fresh one under a new name.
final class Fleet: Sendable {
    struct Member: Sendable {
        var name: String
        var process: ChildProcess
    }

    private struct State {
        var members: [Int: Member] = [:]
        var isStopping = false
        var started = 0
    }

    private let state = Mutex(State())
    private let size: Int
    private let runtime: any Runtime
    private let command: @Sendable (_ name: String, _ number: Int, _ place: Int) -> Command

    /// - Parameter command: What to run as the worker of a name and a number, both different for each, at a place.
    init(
        size: Int, runtime: any Runtime,
        command: @escaping @Sendable (_ name: String, _ number: Int, _ place: Int) -> Command
    ) {
        self.size = size
        self.runtime = runtime
        self.command = command
    }

    /// Keeps all places filled until ``stop(grace:)``; ends when the last process has ended.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for place in 0..<size { group.addTask { try await self.fill(place) } }
            try await group.waitForAll()
        }
    }

    private func fill(_ place: Int) async throws {
        var incarnation = 0
        while !Task.isCancelled {
            incarnation += 1
            let name = "w\(place + 1).\(incarnation)"
            let number = state.withLock { state in
                state.started += 1
                return state.started
            }
            let process = try await ChildProcess.start(command(name, number, place))
            let isStopping = state.withLock { state in
                state.members[place] = Member(name: name, process: process)
                return state.isStopping
            }
            if isStopping { process.signal(.terminate) }
            let status = await withTaskCancellationHandler {
                await process.wait()
            } onCancel: {
                process.signal(.kill)
            }
            let done = state.withLock { state in
                state.members[place] = nil
                return state.isStopping
            }
            if done { return }
            // A worker that ends by itself, or crashes, again and again, would only be hidden by replacing it.
            if status != .signalled(Signal.kill.rawValue) {
                throw ChaosError("the worker \(name) ended by itself (\(status)): see its log")
            }
        }
    }

    /// Those that run now, by place.
    var members: [Member] { state.withLock { $0.members.sorted { $0.key < $1.key }.map(\.value) } }

    /// Processes started so far.
    var started: Int { state.withLock { $0.started } }

    /// Asks all to finish and replaces none from now on; ``run()`` then returns. Those that have not ended after
    /// `grace` are killed.
    /// - Returns: The names of those that had to be killed: something in them hangs.
    func stop(grace: Duration) async -> [String] {
        let members = state.withLock { state in
            state.isStopping = true
            return Array(state.members.values)
        }
        return await withTaskGroup(of: String?.self) { group in
            for member in members {
                group.addTask {
                    let status = await member.process.terminate(grace: grace)
                    return status == .signalled(Signal.kill.rawValue) ? member.name : nil
                }
            }
            var stuck: [String] = []
            for await case let name? in group { stuck.append(name) }
            return stuck.sorted()
        }
    }
}
