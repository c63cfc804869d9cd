import ArgumentParser
import HoldfastChaos

/// Kinds of faults, separated by commas.
struct FaultsArgument: ExpressibleByArgument {
    var kinds: [Verification.Fault]

    /// Each kind at most once.
    init?(argument: String) {
        var kinds: [Verification.Fault] = []
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = Verification.Fault(rawValue: String(name)), !kinds.contains(kind) else { return nil }
            kinds.append(kind)
        }
        self.kinds = kinds
    }

    static var allValueStrings: [String] { [Verification.Fault.allCases.map(\.rawValue).joined(separator: ",")] }
}
