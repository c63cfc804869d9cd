import ArgumentParser
import HoldfastChaos

/// Kinds of faults, separated by commas.
struct FaultsArgument: ExpressibleByArgument {
    var kinds: [FaultSpec.Kind]

    static let all = Verification.Options.allFaults

    /// Each kind at most once.
    init?(argument: String) {
        var kinds: [FaultSpec.Kind] = []
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = FaultSpec.Kind(rawValue: String(name)), Self.all.contains(kind), !kinds.contains(kind)
            else { return nil }
            kinds.append(kind)
        }
        self.kinds = kinds
    }

    static var allValueStrings: [String] { [all.map(\.rawValue).joined(separator: ",")] }
}
