import Foundation
import Glibc
import HoldfastProcess
import Testing

@testable import HoldfastChaos

@Suite struct KernelNetworkTests {
    @Test func onlyANetworkOfItsOwnIsTouched() {
        func refusal(
            _ user: uid_t = 0, _ interfaces: [String] = ["lo"], own: String? = "net:[2]", first: String? = "net:[1]",
            others: [String] = ["net:[2]", "net:[1]"]
        ) -> String? {
            KernelNetwork.refusal(user: user, interfaces: interfaces, own: own, first: first, others: others)
        }
        #expect(refusal() == nil)
        #expect(refusal(1000)?.contains("root") == true)
        #expect(refusal(0, ["lo", "eth0"])?.contains("the machine's own network") == true)
        #expect(refusal(own: "net:[1]")?.contains("the machine's own network") == true, "a machine may have lo only")
        #expect(refusal(first: nil) == nil, "an ancestor is elsewhere")
        #expect(refusal(first: nil, others: ["net:[2]"])?.contains("the machine's own network") == true)
        #expect(refusal(first: nil, others: [])?.contains("the machine's own network") == true)
        #expect(refusal(own: nil)?.contains("cannot be read") == true)
    }

    private static var canHaveOne: Bool {
        geteuid() == 0 && (try? Executable.find("nft")) != nil && (try? Executable.find("unshare")) != nil
    }

    @Test(.enabled(if: canHaveOne, "it takes root, nft and unshare"), .timeLimit(.minutes(2)))
    func noTableIsLeftInIt() async throws {
        try await ChaosProgram.withDirectory { directory in
            let script = """
                ip link set lo up || exit 9
                "$0" chaos run "$1" --seconds 8 --quiet || exit $?
                nft list tables
                """
            var command = Command(
                "unshare", ["--net", "sh", "-c", script, try ChaosProgram.path(), ChaosProgram.scenario("kernel")])
            command.output = .pipe
            command.error = .null
            let process = try await ChildProcess.start(command)
            let output = String(decoding: try await process.output?.readAll() ?? [], as: UTF8.self)
            let status = await process.wait()
            #expect(status == .exited(0) && output.contains("kernel seed 1: valid"), "\(status): \(output)")
            #expect(!output.contains("table"), "\(output)")
        }
    }
}
