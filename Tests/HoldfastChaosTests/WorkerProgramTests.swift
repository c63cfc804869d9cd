import HoldfastProcess
import HoldfastRuntime
import Testing

@testable import HoldfastChaos

@Suite struct WorkerProgramTests {
    /// Stands for a worker; bash gives what it starts groups of their own after `set -m`, also without a terminal.
    ///
    /// Of its children one is the program of a job of its. The others are another worker's by their variables, no
    /// job's, in a session of their own (as the guard of groups is), or in the worker's own group.
    private static let worker = """
        exec 3<&0
        export HOLDFAST_WORKER=w
        HOLDFAST_JOB_ID=group sh -c 'echo ready; cat <&3' &
        set -m
        HOLDFAST_JOB_ID=mine sh -c 'cat <&3 & echo $$; wait' &
        HOLDFAST_JOB_ID=hers HOLDFAST_WORKER=v sh -c 'echo ready; cat <&3' &
        sh -c 'echo ready; cat <&3' &
        HOLDFAST_JOB_ID=guard setsid sh -c 'echo ready; cat <&3' &
        wait
        """

    private func withWorker(_ body: (ChildProcess, _ program: Int32) async throws -> Void) async throws {
        var command = Command("bash", ["-c", Self.worker])
        (command.input, command.output) = (.pipe, .pipe)
        command.grouping = .ownGroup
        let worker = try await ChildProcess.start(command)
        // All of them read it to its end.
        defer { worker.input?.close() }
        var program: Int32?
        var lines = 0
        for try await line in try #require(worker.output).lines() {
            lines += 1
            program = program ?? Int32(line)
            if lines == 5 { break }
        }
        try await body(worker, try #require(program))
    }

    @Test(.timeLimit(.minutes(1))) func onlyTheProgramsOfAWorkersJobsAreFound() async throws {
        try await withWorker { worker, program in
            let found = WorkerProgram.running(below: worker.pid, as: "w")
            #expect(found.map(\.identity.pid) == [program] && found.map(\.job) == ["mine"])
            #expect(WorkerProgram.running(below: worker.pid, as: "v").map(\.job) == ["hers"])
            #expect(WorkerProgram.running(below: program, as: "w").isEmpty, "what a program starts is none")
            #expect(WorkerProgram.running(below: worker.pid, as: "x").isEmpty)
        }
    }

    /// A zombie that nobody has collected is not gone: its worker does not know yet that it has ended.
    @Test(.timeLimit(.minutes(1))) func whatIsNotCollectedIsNotGone() async throws {
        try await withWorker { worker, program in
            let found = try #require(WorkerProgram.running(below: worker.pid, as: "w").first)
            #expect(!found.isGone)
            // A worker that stands still collects nobody.
            worker.signal(.stop)
            found.identity.signal(.kill)
            try await found.identity.waitForEnd()
            #expect(!found.identity.isAlive && !found.isGone)
            worker.signal(.resume)
            while !found.isGone { await Task.yield() }
            #expect(worker.isRunning)
        }
    }
}
