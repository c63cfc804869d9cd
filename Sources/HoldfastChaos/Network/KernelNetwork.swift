import Foundation
import Glibc
import HoldfastProcess

/// Rules for packets in the kernel, by nftables, in a network namespace that the run has for itself: nobody else's
/// packets are there to be dropped. They stand in a table of this process, which is deleted at the end.
struct KernelNetwork: Sendable {
    private static let table = "holdfast_chaos_\(getpid())"

    /// Why there can be no rules; nil when they can.
    let absence: String?

    static func prepare() async -> KernelNetwork {
        if let reason = refusal(
            user: geteuid(), interfaces: interfaces(), own: namespace(getpid()), first: namespace(1),
            others: ProcessList.ancestors(of: getpid()).compactMap(namespace))
        {
            return KernelNetwork(absence: reason)
        }
        let network = KernelNetwork(absence: nil)
        // Not one that is there already, whoever made it.
        guard await network.run("create table inet \(table)") != nil else {
            return KernelNetwork(absence: "there is no nft, or the kernel knows no nftables")
        }
        return network
    }

    /// Why this network is not touched.
    /// - Parameters:
    ///   - own: What the kernel calls this process's network namespace; nil when that cannot be read.
    ///   - first: The same of the first process. Its network is everybody's, however little there is of it.
    ///   - others: The same of this process's ancestors. Where the first process hides its own, one of theirs must be
    ///     another: so it was for this process, or for one above it, that a network was made.
    static func refusal(
        user: uid_t, interfaces: [String], own: String?, first: String?, others: [String]
    ) -> String? {
        let remedy = "run it in one with lo only, by 'unshare --net'"
        guard user == 0 else { return "rules for packets take root" }
        guard interfaces == ["lo"] else { return "this is the machine's own network: \(remedy)" }
        guard let own else { return "whether this is the machine's own network cannot be read in /proc" }
        let isOwn = first.map { $0 != own } ?? others.contains { $0 != own }
        return isOwn ? nil : "this is the machine's own network: \(remedy)"
    }

    private static func interfaces() -> [String] {
        let text = (try? String(contentsOfFile: "/proc/net/dev", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").dropFirst(2).compactMap {
            $0.split(separator: ":").first?.trimmingCharacters(in: .whitespaces)
        }
    }

    /// Takes all rules away, with their table.
    /// - Throws: ``ChaosError`` when `nft` does not.
    func close() async throws(ChaosError) {
        if absence == nil, await run("delete table inet \(Self.table)") == nil {
            throw ChaosError("nft did not delete the table \(Self.table): its rules may drop packets of this network")
        }
    }

    private static func namespace(_ process: Int32) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    }

    /// Drops what goes to these ports, or comes from them, until ``heal(_:)``.
    /// - Parameter number: Of the fault.
    func drop(_ kind: FaultSpec.Kind, _ ports: [Int], _ number: Int) async -> Bool {
        let chain = "inet \(Self.table) fault\(number)"
        let side = kind == .kernelDropRequests ? "dport" : "sport"
        guard await run("add chain \(chain) { type filter hook input priority 0; policy accept; }") != nil else {
            return false
        }
        for port in ports {
            guard await run("add rule \(chain) tcp \(side) \(port) counter drop") != nil else { return false }
        }
        return true
    }

    /// How many packets the kernel has dropped for a fault, by port.
    func dropped(_ number: Int) async -> [Int] {
        let words = (await run("list chain inet \(Self.table) fault\(number)") ?? "").split(separator: " ")
        return zip(words, words.dropFirst()).compactMap { $0 == "packets" ? Int($1) : nil }
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
