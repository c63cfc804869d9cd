import Foundation
@testable import HoldfastProcess
import Testing

@Suite("The identity of a process")
struct ProcessIdentityTests {
    @Test func namesThisProcess() throws {
        let me = try #require(ProcessIdentity(pid: getpid()))
        #expect(me.isAlive)
        #expect(me == ProcessIdentity(pid: getpid()))
        let decoded = try JSONDecoder().decode(ProcessIdentity.self, from: JSONEncoder().encode(me))
        #expect(decoded == me)
    }

    @Test func aReusedNumberIsNotTheSameProcess() async throws {
        let child = try await ChildProcess.start(Command("sleep", ["1000"]))
        let real = try #require(ProcessIdentity(pid: child.pid))
        // What a state file of an earlier process with this number would say.
        var fields = try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(real)) as? [String: Any])
        fields["startTicks"] = real.startTicks - 1
        let stale = try JSONDecoder().decode(ProcessIdentity.self, from: JSONSerialization.data(withJSONObject: fields))
        #expect(!stale.isAlive)
        #expect(!stale.signal(.kill))
        #expect(child.isRunning)
        #expect(real.signal(.kill))
        #expect(await child.wait() == .signalled(SIGKILL))
        #expect(!real.isAlive)
        #expect(!real.signal(.kill))
        try await real.waitForEnd()
    }

    @Test(arguments: [0, -1, Int32.max]) func nobody(_ pid: Int32) {
        #expect(ProcessIdentity(pid: pid) == nil)
    }

    @Test func namesWithBracketsAndZombies() {
        let rest = Array(repeating: "1", count: 16).joined(separator: " ")
        let stat = ProcessStat("7 (a) b (c)) S 1 2 \(rest) 4242 9")
        #expect(stat?.state == "S" && stat?.parent == 1 && stat?.group == 2 && stat?.startTicks == 4242)
        #expect(ProcessStat("7 (a) Z 1 2 \(rest) 4242 9")?.hasEnded == true)
        #expect(ProcessStat("7 (a) t 1 2 \(rest) 4242 9")?.isStopped == true)
        #expect(ProcessStat("7 (a) S 1 2") == nil)
        #expect(ProcessStat("") == nil)
    }
}
