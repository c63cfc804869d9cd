import Foundation
import HoldfastCluster
import HoldfastRuntime

/// The processor time that the lock nodes have used, by the kernel's clock ticks of 10 ms.
struct ServerTime {
    struct Unreadable: Error {
        let path: String
    }

    private let pids: [Int32]

    init(_ cluster: LocalCluster) { pids = cluster.nodes.compactMap(\.pid) }

    var used: Duration {
        get throws {
            var ticks = 0
            for pid in pids {
                let path = "/proc/\(pid)/stat"
                // Behind the name, which may hold spaces, the 12th and 13th field are the user's and the kernel's ticks.
                let fields = try String(contentsOfFile: path, encoding: .utf8).split(separator: ")").last?.split(
                    separator: " ")
                guard let fields, fields.count > 12, let user = Int(fields[11]), let kernel = Int(fields[12]) else {
                    throw Unreadable(path: path)
                }
                ticks += user + kernel
            }
            return .seconds(Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))))
        }
    }
}
