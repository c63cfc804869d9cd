import Foundation
import HoldfastCluster
import HoldfastProcess
import HoldfastRuntime
import Synchronization
import Testing

@testable import HoldfastCommands

/// `holdfast worker`, `enqueue` and `info`, as a user runs them, on real processes that are killed and paused.
@Suite("The job commands", .timeLimit(.minutes(1)))
struct JobsCommandTests {
    /// A worker process and what it says.
    private struct RunningWorker {
        let child: ChildProcess
        var lines: PipeLines.Iterator

        /// Reads on until an event of this name; nil when the worker has ended before.
        mutating func next(_ event: String) async throws -> [String: Any]? {
            while let line = try await lines.next() {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                if object?["event"] as? String == event { return object }
            }
            return nil
        }
    }

    /// Starts a worker on the queue `q` for `body`; it is gone afterwards, however the test goes.
    private func withWorker(
        _ url: String, _ arguments: String..., body: (inout RunningWorker) async throws -> Void
    ) async throws {
        var command = Command(CommandLineTests.path, ["worker", "q", "--store", url, "--json"] + arguments)
        command.output = .pipe
        let child = try await ChildProcess.start(command)
        defer { child.signal(.kill) }
        var worker = RunningWorker(child: child, lines: try #require(child.output).lines().makeAsyncIterator())
        #expect(try await worker.next("started") != nil)
        try await body(&worker)
    }

    private func holdfast(_ arguments: String...) async throws -> (
        status: HoldfastProcess.ExitStatus, output: String, error: String
    ) {
        var command = Command(CommandLineTests.path, arguments)
        command.output = .pipe
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        let (output, error) = (try #require(child.output), try #require(child.error))
        async let written = output.readAll()
        async let complained = error.readAll()
        let (text, complaint) = (try await written, try await complained)
        return (
            try await child.waitUnlessCancelled(), String(decoding: text, as: UTF8.self),
            String(decoding: complaint, as: UTF8.self)
        )
    }

    private func withStore(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryCluster(nodes: 0, stores: 1) { try await body($0.storeURLs[0]) }
    }

    @Test func aJobIsEnqueuedRunAndAnswered() async throws {
        try await withStore { url in
            try await withWorker(url, "--name", "w1") { worker in
                let echo = try await holdfast("enqueue", "q", "holdfast.echo", #""grüße""#, "--wait", "--store", url)
                #expect(echo.status == .exited(0) && echo.output == "\"grüße\"\n", "\(echo)")
                let named = try await holdfast(
                    "enqueue", "q", "holdfast.sleep", "--kwargs", #"{"seconds": 0}"#, "--wait", "--json", "--store", url
                )
                #expect(named.output.contains(#""result" : "0""#), "\(named)")
                let unknown = try await holdfast("enqueue", "q", "no.such", "--wait", "--store", url)
                #expect(unknown.status == .exited(1))
                #expect(unknown.error.contains("knows no function no.such: it knows holdfast.command, holdfast.echo"))

                let info = try await holdfast("info", "--store", url)
                #expect(info.output.contains("w1      idle   q             0          2       1"), "\(info.output)")
                let json = try await holdfast("info", "--json", "--store", url)
                #expect(json.output.contains(#""finished" : 2"#) && json.output.contains(#""name" : "w1""#))

                worker.child.signal(.terminate)
                let stopped = try await worker.next("stopped")
                #expect((stopped?["counters"] as? [String: Any])?["finished"] as? Int == 2)
                #expect(try await worker.child.waitUnlessCancelled() == .exited(0))
            }
        }
    }

    @Test func theJobOfAKilledWorkerIsRunByAnother() async throws {
        try await withStore { url in
            try await withWorker(url, "--lease", "1s", "--name", "victim") { first in
                let enqueued = try await holdfast("enqueue", "q", "holdfast.sleep", "4", "--id", "job", "--store", url)
                #expect(enqueued.output == "job\n")
                #expect(try await first.next("taken") != nil)
                first.child.signal(.kill)
                #expect(try await first.child.waitUnlessCancelled() == .signalled(SIGKILL))
            }
            try await withWorker(url, "--lease", "1s") { second in
                let recovered = try await second.next("recovered")
                #expect(recovered?["reason"] as? String == "requeued, crash 1 of worker victim")
                let finished = try await second.next("finished")
                #expect(finished?["job"] as? String == "job" && finished?["attempt"] as? Int == 2)
            }
        }
    }

    @Test func aWorkerThatWasFrozenBeyondItsLeaseWritesNothing() async throws {
        try await withStore { url in
            try await withWorker(url, "--lease", "1s") { first in
                _ = try await holdfast("enqueue", "q", "holdfast.sleep", "4", "--id", "job", "--store", url)
                #expect(try await first.next("taken") != nil)
                first.child.signal(.stop)
                try await withWorker(url, "--lease", "1s") { second in
                    let finished = try await second.next("finished")
                    #expect(finished?["attempt"] as? Int == 2)
                }
                first.child.signal(.resume)
                // It wakes up with a finished handler or an expired lease: either way nothing is written.
                first.child.signal(.terminate)
                let counters = try await first.next("stopped")?["counters"] as? [String: Any]
                let stale = counters?["staleCompletionsRefused"] as? Int ?? 0
                let lost = counters?["leasesLost"] as? Int ?? 0
                #expect(stale + lost == 1 && counters?["finished"] as? Int == 0, "\(counters ?? [:])")
                let info = try await holdfast("info", "--json", "--store", url)
                #expect(info.output.contains(#""finished" : 1"#) && info.output.contains(#""started" : 0"#))
            }
        }
    }

    @Test func whatIsUnfinishedAfterTheGraceIsGivenBack() async throws {
        try await withStore { url in
            try await withWorker(url, "--grace", "0") { worker in
                _ = try await holdfast("enqueue", "q", "holdfast.sleep", "3600", "--store", url)
                #expect(try await worker.next("taken") != nil)
                worker.child.signal(.interrupt)
                #expect(try await worker.next("given-back") != nil)
                #expect(try await worker.child.waitUnlessCancelled() == .exited(0))
            }
            let info = try await holdfast("info", "--json", "--store", url)
            #expect(info.output.contains(#""queued" : 1"#))
        }
    }

    /// A clock that a test moves.
    private final class HandClock: Runtime {
        private let time = Mutex(Instant(nanoseconds: 0))

        var now: Instant { time.withLock { $0 } }
        var wallTime: WallTime { WallTime(microseconds: 0) }
        func advance(by span: Duration) { time.withLock { $0 = $0.advanced(by: span) } }
        func sleep(until deadline: Instant) async throws {}
        func randomBits() -> UInt64 { 0 }
    }

    @Test func aCommandMayAnswerTwoSignalsButNotTheThird() {
        let clock = HandClock()
        let interruption = Interruption(runtime: clock)
        let answered = Mutex(0)
        #expect(!interruption.signalled())
        #expect(interruption.isInterrupted)
        // The one that came before is answered too.
        interruption.handle { answered.withLock { $0 += 1 } }
        #expect(answered.withLock { $0 } == 1 && !interruption.isInterrupted)
        clock.advance(by: .milliseconds(900))
        #expect(!interruption.signalled())
        #expect(answered.withLock { $0 } == 1, "a doubled signal is one")
        clock.advance(by: .seconds(1))
        #expect(!interruption.signalled())
        #expect(answered.withLock { $0 } == 2)
        clock.advance(by: .seconds(1))
        #expect(interruption.signalled())
    }

    @Test func burstEndsWithTheQueue() async throws {
        try await withStore { url in
            for text in ["1", "2"] {
                _ = try await holdfast("enqueue", "q", "holdfast.echo", "\"\(text)\"", "--store", url)
            }
            let worker = try await holdfast("worker", "q", "--burst", "--quiet", "--store", url)
            #expect(worker.status == .exited(0) && worker.output == "")
            let text = try await holdfast("worker", "q", "--burst", "--store", url)
            #expect(text.output.contains("0 finished, 0 failed"))
        }
    }

    @Test(arguments: [
        ["worker", "q"], ["enqueue", "q", "f"], ["info"],
    ])
    func aStoreThatIsNotThereIsUnavailable(_ arguments: [String]) async throws {
        var command = Command(CommandLineTests.path, arguments + ["--store", "redis://127.0.0.1:1"])
        command.error = .pipe
        let child = try await ChildProcess.start(command)
        let error = String(decoding: try #require(try await child.error?.readAll()), as: UTF8.self)
        #expect(try await child.waitUnlessCancelled() == .exited(69))
        #expect(error.hasPrefix("holdfast: 127.0.0.1:1: ") && error.split(separator: "\n").count == 1, "\(error)")
    }

    @Test(arguments: [
        ["worker"], ["worker", "a:b"], ["worker", "q", "--lease", "1ms"], ["worker", "q", "--concurrency", "0"],
        ["worker", "q", "q"], ["worker", "q", "--lease", "soon"], ["enqueue", "q"], ["enqueue", "q", "f", "text"],
        ["enqueue", "q", "f", "--kwargs", "[]"], ["enqueue", "q", "f", "--id", "a:b"], ["enqueue", "a b", "f"],
        ["enqueue", "q", "f", "--retries", "-1"],
    ])
    func wrongArgumentsAreRefused(_ arguments: [String]) async throws {
        try await withStore { url in
            var command = Command(CommandLineTests.path, arguments + ["--store", url])
            command.error = .pipe
            let child = try await ChildProcess.start(command)
            let error = String(decoding: try #require(try await child.error?.readAll()), as: UTF8.self)
            #expect(try await child.waitUnlessCancelled() == .exited(2), "\(error)")
            #expect(error.hasPrefix("holdfast: "))
        }
    }
}
