import HoldfastJobs
import HoldfastProcess
import Testing

@testable import HoldfastPrograms

@Suite struct ProgramStatusTests {
    private func judge(_ status: HoldfastProcess.ExitStatus) throws {
        let nothing = OutputCollector.Text()
        try ProgramStatus.judge(.init(status: status, output: nothing, error: nothing), of: "p")
    }

    @Test func everyEndHasItsMeaning() throws {
        try judge(.exited(0))
        #expect(throws: PermanentFailure.self) { try judge(.exited(65)) }
        #expect(throws: ProgramFailure.self) { try judge(.exited(1)) }
        #expect(throws: ProgramFailure.self) { try judge(.signalled(9)) }
        let later = #expect(throws: RetryLater.self) { try judge(.exited(75)) }
        #expect(later?.pause == ProgramStatus.pause)
    }
}
