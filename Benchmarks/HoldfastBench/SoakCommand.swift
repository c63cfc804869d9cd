import Glibc
import HoldfastCluster
import LockSoak

/// Lock cycles by the million, and a search for what they left behind. Exits with status 1 when something leaks.
///
/// Usage: holdfast-bench soak [--cycles N] [--seed S]
struct SoakCommand {
    private var configuration = SoakConfiguration()

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Usage("\(option) takes a number") }
            switch (option, UInt64(value)) {
            case ("--cycles", let number?) where (1000...1_000_000_000).contains(number):
                configuration.cycles = Int(number)
            case ("--seed", let number?): configuration.seed = number
            default: throw Usage("holdfast-bench soak [--cycles N] [--seed S], with 1000 cycles at least")
            }
        }
    }

    func run() async throws {
        let report = try await withTemporaryCluster(nodes: 5, stores: 0, nodeFsync: .never) { cluster in
            try await Soak(configuration, on: cluster).run(progress: {
                print($0)
                fflush(nil)
            })
        }
        print(report.lines.joined(separator: "\n"))
        if !report.leaks.isEmpty { exit(1) }
    }
}
