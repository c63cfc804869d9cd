import Foundation
import HoldfastProcess

/// Other job queues, run by a script beside this program: see Benchmarks/peers/jobs.sh.
struct JobPeers {
    struct Peer {
        var name: String
        /// About how many it does in a second, to choose how many it is given.
        var jobsPerSecond: Int
        var arguments: [String]
    }

    private struct Report: Decodable {
        var enqueue_per_s: Double
        var bulk_enqueue_per_s: Double?
        var drain_per_s: Double
    }

    let script: PeerScript

    /// Who can be run here: lines of name, jobs a second and arguments, separated by tabs.
    func list() async throws -> [Peer] {
        try await script.output(["list"]).split(separator: "\n").map { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 3, let speed = Int(fields[1]) else {
                throw PeerScript.Failed(description: "\(script.path) list: not a peer: \(line)")
            }
            return Peer(
                name: fields[0], jobsPerSecond: speed, arguments: fields[2].split(separator: " ").map(String.init))
        }
    }

    func run(_ peer: Peer, on port: Int, jobs: Int) async throws -> JobResult {
        let arguments = ["run"] + peer.arguments + ["--port", "\(port)", "--jobs", "\(jobs)"]
        let report = try JSONDecoder().decode(Report.self, from: Data(try await script.output(arguments).utf8))
        var result = JobResult(drain: report.drain_per_s)
        result.enqueue = report.enqueue_per_s
        result.bulk = report.bulk_enqueue_per_s
        return result
    }
}
