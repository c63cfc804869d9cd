import ArgumentParser
import Foundation
import HoldfastLocks
import HoldfastRedis
import HoldfastRuntime

struct ClusterAdmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admit", abstract: "Let a lock node vote that may have forgotten tokens, on your word.",
        discussion: """
            Nodes admit each other while a majority of others remembers. When that majority is gone (three of five \
            nodes lost their data at once), only you can say above which number tokens may go on: a floor that is too \
            low lets tokens come a second time, and then a resource may accept the write of a holder whose lease ended \
            long ago. 'holdfast cluster doctor' says whether this is needed, and for which nodes; once a majority \
            votes, the others follow by themselves.

            --floor takes a number no smaller than any token ever issued, such as the largest that your resources \
            remember. --floor-from-clock takes the microseconds since 2020: more than any token, if fewer than half a \
            million locks a second were granted. The node begins above what every node that answers remembers in any \
            case. It must have been up for longer than the cluster's maximum TTL: exit status 75 and the time that is \
            left if it was not, or --wait.

            Repeating it does no harm. Exit status 1 when it is refused, 69 when the node does not answer.

            Examples:
              holdfast cluster admit --node 2 --floor-from-clock --wait 5m
              holdfast cluster admit --node redis://c --floor 130000 --yes --nodes redis://a,redis://b,redis://c
            """)

    @Option(help: ArgumentHelp("Which node: its place in the list, from 0, or its URL.", valueName: "index|url"))
    var node: String

    @Option(help: ArgumentHelp("Go on above this number, no smaller than any token ever issued.", valueName: "number"))
    var floor: Int64?

    @Flag(help: "Go on above the microseconds since 2020.")
    var floorFromClock = false

    @Option(
        help: ArgumentHelp(
            "How long to wait until the node has been up long enough; not at all if not given.",
            valueName: "time|forever"))
    var wait: WaitArgument?

    @Flag(name: .shortAndLong, help: "Do not ask: for scripts.")
    var yes = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var node: Int
        var server: String
        var cluster: String
        var floor: Int64
        var votedBefore: Bool
        var voting: Int
        var majority: Int
    }

    func validate() throws {
        if floor != nil, floorFromClock { throw ValidationError("Give --floor or --floor-from-clock, not both.") }
        if let floor, !(0...AdmissionFloor.maximum).contains(floor) {
            throw ValidationError("--floor is a number from 0 to \(AdmissionFloor.maximum).")
        }
    }

    func run() async throws {
        let configuration = LockClusterConfiguration(nodes: try connection.nodeConfigurations())
        let index = try place(in: configuration.nodes)
        try confirm(index, configuration.nodes[index])
        let admission = try await LockCluster.admit(
            index, of: configuration, floor: floorChoice,
            patience: wait.map { $0.duration ?? .seconds(1_000_000_000) } ?? .zero,
            transport: try connection.transport(to: configuration.nodes))
        if output.json {
            return try Output.standard.json(
                Report(
                    node: admission.node, server: admission.server, cluster: admission.cluster.id,
                    floor: admission.floor, votedBefore: admission.votedBefore, voting: admission.voting,
                    majority: admission.majority))
        }
        let missing = admission.majority - admission.voting
        try output.remark(
            "Node \(index) (\(admission.server)) \(admission.votedBefore ? "voted already" : "votes now"), above "
                + "\(admission.floor). "
                + (missing > 0
                    ? "\(missing) more must be admitted: see 'holdfast cluster doctor'."
                    : "\(admission.voting) of \(admission.cluster.nodes) nodes vote; clients admit the others."))
    }

    private var floorChoice: AdmissionFloor {
        floorFromClock ? .fromClock : floor.map { .atLeast($0) } ?? .fromOtherNodes
    }

    private func place(in nodes: [RedisConfiguration]) throws -> Int {
        if let index = Int(node) {
            guard nodes.indices.contains(index) else {
                throw CommandFailure(
                    "there is no node \(index): \(nodes.count) are listed, from 0", code: .usage)
            }
            return index
        }
        let address = try RedisConfiguration(url: node).address
        guard let index = nodes.firstIndex(where: { $0.address == address }) else {
            throw CommandFailure("\(address) is not among the listed nodes", code: .usage)
        }
        return index
    }

    /// Asks on a terminal; elsewhere --yes must say it.
    private func confirm(_ index: Int, _ node: RedisConfiguration) throws {
        if yes || floorChoice == .fromOtherNodes { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("this needs a terminal to ask on, or --yes", code: .usage)
        }
        let number = floor.map { "\($0)" } ?? "the microseconds since 2020"
        try Output.error.write(
            """
            Node \(index) (\(node.address)) will vote, and issue tokens above \(number).
            If a larger token was ever issued, tokens will come a second time, and a resource may accept the write of
            a holder whose lease ended long ago. Go on? Type yes:\u{20}
            """)
        guard readLine()?.trimmingCharacters(in: .whitespaces) == "yes" else {
            throw CommandFailure("nothing was changed")
        }
    }
}
