import HoldfastCluster

/// A cluster as `--json` prints it.
struct ClusterReport: Codable {
    var directory: String
    var lifetime: ClusterLifetime
    var members: [MemberStatus]
    var nodes: [String]
    var stores: [String]
    /// Members that were running before; in the report of `up` only.
    var adopted: [String]?

    init(_ status: ClusterStatus, adopted: [String]? = nil) {
        directory = status.directory
        lifetime = status.lifetime
        members = status.members
        nodes = status.nodeURLs
        stores = status.storeURLs
        self.adopted = adopted
    }
}

extension ClusterStatus {
    /// Writes a table of the members.
    func write(to output: Output) throws {
        var table = Table(["NAME", "ROLE", "URL", "PID", "STATE"], right: [3])
        for member in members {
            let style: Style =
                switch member.state {
                case .running: .green
                case .paused: .yellow
                case .down: .red
                }
            table.add([
                "\(member.name)", "\(member.role.rawValue)", "\(member.url)", "\(member.pid.map(String.init) ?? "-")",
                Table.Cell(member.state.rawValue, style),
            ])
        }
        for line in table.lines(Palette(for: output)) { try output.line(line) }
    }
}
