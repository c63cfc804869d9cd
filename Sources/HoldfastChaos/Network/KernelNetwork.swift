import Foundation
import Glibc
import HoldfastProcess

/// Rules for packets in the kernel, by nftables, in a network namespace that the run has for itself: rules vanish with
/// it, and nobody else's packets are there to be dropped.
struct KernelNetwork: Sendable {
    private static let table = "holdfast"

    /// Why there can be no rules; nil when they can.
    let absence: String?

    static func prepare() async -> KernelNetwork {
        func without(_ reason: String) -> KernelNetwork { KernelNetwork(absence: reason) }
        guard geteuid() == 0 else { return without("rules for packets take root") }
        let interfaces = (try? String(contentsOfFile: "/proc/net/dev", encoding: .utf8)) ?? ""
        let names = interfaces.split(separator: "\n").dropFirst(2).compactMap {
            $0.split(separator: ":").first?.trimmingCharacters(in: .whitespaces)
        }
        guard names == ["lo"] else {
            return without("this is the machine's own network: run it in one with lo only, by 'unshare --net'")
        }
        // The network of the first process is everybody's, however little there is of it.
        guard let ours = namespace("self"), ours != namespace("1") else {
            return without("this is the machine's own network: run it in one with lo only, by 'unshare --net'")
        }
        let network = KernelNetwork(absence: nil)
        guard await network.run("add table inet \(table)") != nil else {
            return without("there is no nft, or the kernel knows no nftables")
        }
        return network
    }

    private static func namespace(_ process: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    }

    /// Drops what goes to these ports, or comes from them, until ``heal(_:)``.
    /// - Parameter number: Of the fault.
    func drop(_ kind: FaultSpec.Kind, _ ports: [Int], _ number: Int) async -> Bool {
        let chain = "inet \(Self.table) fault\(number)"
        let side = kind == .kernelDropRequests ? "dport" : "sport"
        let list = ports.map(String.init).joined(separator: ", ")
        guard await run("add chain \(chain) { type filter hook input priority 0; policy accept; }") != nil else {
            return false
        }
        return await run("add rule \(chain) tcp \(side) { \(list) } counter drop") != nil
    }

    /// How many packets the kernel has dropped for a fault.
    func dropped(_ number: Int) async -> Int {
        let words = (await run("list chain inet \(Self.table) fault\(number)") ?? "").split(separator: " ")
        guard let place = words.firstIndex(of: "packets"), place + 1 < words.count else { return 0 }
        return Int(words[place + 1]) ?? 0
    }

    func heal(_ number: Int) async -> Bool {
        let chain = "inet \(Self.table) fault\(number)"
        guard await run("flush chain \(chain)") != nil else { return false }
        return await run("delete chain \(chain)") != nil
    }

    /// What `nft` printed; nil when it failed or is not there.
    private func run(_ text: String) async -> String? {
        var command = Command("nft", [text])
        command.output = .pipe
        command.error = .null
        guard let process = try? await ChildProcess.start(command), let output = process.output else { return nil }
        let bytes = try? await output.readAll()
        guard await process.wait() == .exited(0) else { return nil }
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
