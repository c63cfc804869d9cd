/// What a checker, or all of them, came to.
public enum Verdict: String, Sendable, Hashable, Codable {
    case valid
    case invalid
    /// The checker could not decide within its budget, or saw too little. Never told as valid.
    case unknown

    /// Together with another: one violation is enough, one doubt is enough otherwise.
    public func and(_ other: Verdict) -> Verdict {
        if self == .invalid || other == .invalid { return .invalid }
        return self == .unknown || other == .unknown ? .unknown : .valid
    }

    /// As Jepsen's command line ends: 0, 1, 2.
    public var exitStatus: Int32 {
        switch self {
        case .valid: 0
        case .invalid: 1
        case .unknown: 2
        }
    }
}

extension Sequence<Verdict> {
    /// All of them together; valid when there is none.
    public var combined: Verdict { reduce(.valid) { $0.and($1) } }
}
