import Foundation

/// Other lock libraries, run by a script beside this program: see Benchmarks/peers/run.sh.
struct Peers {
    struct Peer {
        var name: String
        var clients: Int
        var arguments: [String]
    }

    private struct Report: Decodable {
        struct Spans: Decodable {
            var p50: Double
            var p99: Double
            var p999: Double
        }
        var cycles: Int
        var cycles_per_s: Double
        var acquire_us: Spans
    }

    let script: PeerScript

    /// Who can be run here, each with the number of clients it is to have: lines of name, clients and arguments,
    /// separated by tabs.
    func list() async throws -> [Peer] {
        try await script.output(["list"]).split(separator: "\n").map { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 3, let clients = Int(fields[1]) else {
                throw PeerScript.Failed(description: "\(script.path) list: not a peer: \(line)")
            }
            return Peer(name: fields[0], clients: clients, arguments: fields[2].split(separator: " ").map(String.init))
        }
    }

    func run(_ peer: Peer, on ports: [Int], for span: Duration) async throws -> LockResult {
        let arguments =
            ["run"] + peer.arguments + [
                "--ports", ports.map(String.init).joined(separator: ","), "--clients", "\(peer.clients)", "--seconds",
                "\(Double(span.components.seconds) + Double(span.components.attoseconds) / 1e18)",
            ]
        let report = try JSONDecoder().decode(Report.self, from: Data(try await script.output(arguments).utf8))
        var result = LockResult()
        result.cycles = report.cycles
        result.cyclesPerSecond = report.cycles_per_s
        result.acquire = .init(
            p50: report.acquire_us.p50, p99: report.acquire_us.p99, p999: report.acquire_us.p999)
        return result
    }
}
